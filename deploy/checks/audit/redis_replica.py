"""Always have a replica of redis."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis has no replica."""
    for one in scene.redis:
        for server in one.state.servers:
            if server.role == "master" and not server.replicas:
                yield one.host, f"redis {server.address}", "no replica is connected"


RULE = AuditRule(
    id="redis_replica",
    what="redis has no replica",
    why="When its machine dies, jobs, sessions and chat are gone.",
    source=NOTES,
    severity="warning",
    mend="add redis_server with replica_of on another host",
    before="programs: {redis_server: {}}",
    after="redis_server: {replica_of: redis1}",
    look=look,
)
