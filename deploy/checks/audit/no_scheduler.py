"""Delayed jobs need a scheduler that leads."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where delayed jobs are overdue."""
    for one in scene.redis:
        if one.state.late:
            yield one.host, "delayed", f"{one.state.late} moments are overdue"


RULE = AuditRule(
    id="no_scheduler",
    what="delayed jobs are overdue",
    why="No process moves them into their queues.",
    source=NOTES,
    severity="error",
    mend="set actionhero.tasks.scheduler on a role that works tasks, and restart it",
    before="tasks: {scheduler: false}",
    after="tasks: {scheduler: true}",
    look=look,
)
