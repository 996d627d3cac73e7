"""USR2 stops a worker before it starts the next."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where one worker only, replaced in place."""
    for one in scene.serving:
        wanted = one.facts.cluster.workers_wanted
        if scene.environment.strategy == "in_place" and wanted < 2:
            yield one.host.name, "workers", str(wanted)


RULE = AuditRule(
    id="one_worker",
    what="one worker only, replaced in place",
    why="Measured: 307 answers of 502 while one worker was replaced.",
    source=MEASURED,
    severity="warning",
    mend="set workers to 2 or more, or use strategy releases",
    before="workers: 1",
    after="workers: 2",
    look=look,
)
