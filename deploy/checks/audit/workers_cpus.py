"""More workers than CPUs slow each other down."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where more workers than CPUs."""
    for one in scene.hosts:
        wanted, cpus = one.facts.cluster.workers_wanted, one.facts.machine.cpus
        if wanted > max(2, cpus):
            yield one.host.name, "workers", f"{wanted} on {cpus} CPUs"


RULE = AuditRule(
    id="workers_cpus",
    what="more workers than CPUs",
    why="They wait for each other, and every request for all of them.",
    source=NOTES,
    severity="warning",
    mend="set workers to the number of CPUs less one, or to auto",
    before="workers: 8   # 4 CPUs",
    after="workers: auto",
    look=look,
)
