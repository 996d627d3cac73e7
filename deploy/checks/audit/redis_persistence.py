"""What is in memory only is gone with the process."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where jobs are kept in memory, or in old snapshots only."""
    for one in scene.redis:
        for server in one.state.servers:
            if not server.append_only:
                yield one.host, f"redis {server.address}: appendonly", "no"


RULE = AuditRule(
    id="redis_persistence",
    what="jobs are kept in memory, or in old snapshots only",
    why="A restart loses every job since the last snapshot.",
    source="redis.io, persistence",
    severity="warning",
    mend="appendonly yes",
    before="appendonly no",
    after="appendonly yes",
    look=look,
)
