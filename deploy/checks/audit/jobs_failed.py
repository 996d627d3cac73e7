"""A failed job is a promise that was not kept."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where many jobs failed, and nobody dealt with them."""
    for one in scene.redis:
        if one.state.failed >= 100:
            yield one.host, "failed", f"{one.state.failed} jobs"


RULE = AuditRule(
    id="jobs_failed",
    what="many jobs failed, and nobody dealt with them",
    why="They stay in redis for ever, and take its memory.",
    source=NOTES,
    severity="warning",
    mend="mend the cause, then `invoke queues.retry` or `invoke queues.clear-failed`",
    before="failed: 12,000",
    after="failed: 0",
    look=look,
)
