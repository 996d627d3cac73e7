"""A job that a dead worker claimed is never worked."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where jobs are claimed by workers that are gone."""
    for one in scene.redis:
        for worker in one.workers:
            if worker.is_stuck and worker.worker.claim:
                claim = worker.worker.claim
                yield one.host, f"queue {claim.queue}", f"{claim.task}: {worker.why}"


RULE = AuditRule(
    id="jobs_stuck",
    what="jobs are claimed by workers that are gone",
    why="They are neither worked nor failed; nobody is told.",
    source=NOTES,
    severity="error",
    mend="`invoke queues.release`",
    before="worker:web1:4711:mail   # no such process",
    after="the job is in its queue again",
    look=look,
)
