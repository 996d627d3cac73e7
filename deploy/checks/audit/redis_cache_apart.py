"""If your cache fills up, do you want task processing to fail?"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where cache and tasks are in the same redis."""
    for one in scene.redis:
        if one.state.has_cache and one.state.samples[-1].queues:
            place = f"redis {one.state.servers[0].address}"
            yield one.host, place, "actionhero:cache and queues, in one database"


RULE = AuditRule(
    id="redis_cache_apart",
    what="cache and tasks are in the same redis",
    why="A cache that fills it stops every task.",
    source=NOTES,
    severity="warning",
    mend="give the cache a redis of its own",
    before="redis: one for both",
    after="redis: tasks (noeviction), cache (allkeys-lru)",
    look=look,
)
