"""A replica that nobody makes the primary helps nobody."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where nothing fails over to a replica."""
    watched = scene.environment.decision.sentinels or scene.has_program("sentinel")
    for one in scene.redis:
        if not watched and not any(server.is_cluster for server in one.state.servers):
            yield one.host, f"redis {one.state.servers[0].address}", "no sentinel, no cluster"


RULE = AuditRule(
    id="redis_failover",
    what="nothing fails over to a replica",
    why="The app is down until somebody does it by hand.",
    source=NOTES,
    severity="notice",
    mend="use sentinels (docs/redis.md), or redis cluster",
    before="decision: {host: redis1}",
    after="decision: {sentinels: [{host: s1}, {host: s2}, {host: s3}]}",
    look=look,
)
