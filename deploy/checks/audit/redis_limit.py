"""Without a limit the kernel decides who dies."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis has no limit of memory."""
    for one in scene.redis:
        for server in one.state.servers:
            if not server.most:
                yield one.host, f"redis {server.address}: maxmemory", "0"


RULE = AuditRule(
    id="redis_limit",
    what="redis has no limit of memory",
    why="A queue that grows takes the machine's memory, until something is killed.",
    source=NOTES,
    severity="notice",
    mend="set redis_server.max_memory",
    before="maxmemory 0",
    after="maxmemory 2gb",
    look=look,
)
