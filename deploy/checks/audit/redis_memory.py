"""A redis that is full takes no more jobs."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis' memory is nearly full."""
    for one in scene.redis:
        for server in one.state.servers:
            part = server.part_used
            if part is not None and part >= 0.8:
                yield one.host, f"redis {server.address}", f"{part:.0%} of its memory is used"


RULE = AuditRule(
    id="redis_memory",
    what="redis' memory is nearly full",
    why="Then it refuses writes: no job is enqueued, no session kept.",
    source=NOTES,
    severity="error",
    mend="work the queues, raise maxmemory, or split the cache off",
    before="used_memory 95 % of maxmemory",
    after="used_memory 40 % of maxmemory",
    look=look,
)
