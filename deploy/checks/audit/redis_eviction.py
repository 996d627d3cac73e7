"""A queue is not a cache: what is evicted was work."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis may throw jobs away."""
    for one in scene.redis:
        for server in one.state.servers:
            if server.policy and server.policy != "noeviction":
                yield one.host, f"redis {server.address}: maxmemory-policy", server.policy


RULE = AuditRule(
    id="redis_eviction",
    what="redis may throw jobs away",
    why="When memory is full, it drops keys: queues among them.",
    source=NOTES,
    severity="error",
    mend="maxmemory-policy noeviction where tasks are",
    before="maxmemory-policy allkeys-lru",
    after="maxmemory-policy noeviction",
    look=look,
)
