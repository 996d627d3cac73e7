"""A worker that does not come back is capacity that is gone."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where fewer workers run than the inventory wants."""
    for one in scene.hosts:
        cluster = one.facts.cluster
        if len(cluster.workers) < cluster.workers_wanted:
            yield one.host.name, "workers", f"{len(cluster.workers)} of {cluster.workers_wanted}"


RULE = AuditRule(
    id="workers_missing",
    what="fewer workers run than the inventory wants",
    why="The rest take its load, until they fail as well.",
    source="proc(5)",
    severity="error",
    mend="look into the log (`invoke logs`), then `invoke restart`",
    before="1 of 2 workers",
    after="2 of 2 workers",
    look=look,
)
