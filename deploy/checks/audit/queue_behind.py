"""A queue that grows faster than it is worked never ends."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a queue is not worked as fast as it grows."""
    for one in scene.redis:
        for queue in one.queues:
            if queue.pace != "keeping up":
                yield one.host, f"queue {queue.name}", queue.verdict


RULE = AuditRule(
    id="queue_behind",
    what="a queue is not worked as fast as it grows",
    why="Jobs come later and later, and memory fills.",
    source=NOTES,
    severity="error",
    mend="more workers (`invoke scale`, or another host), or fewer jobs; see `invoke queues`",
    before="falling behind by 3,600 an hour",
    after="keeping up",
    look=look,
)
