"""Two masters of one app answer with two versions."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where more than one cluster master."""
    for one in scene.hosts:
        masters = one.facts.cluster.masters
        if len(masters) > 1 and scene.environment.strategy == "in_place":
            yield one.host.name, "masters", ", ".join(str(master.pid) for master in masters)


RULE = AuditRule(
    id="two_masters",
    what="more than one cluster master",
    why="Each deploy reloads one of them; the other keeps old code.",
    source=MEASURED,
    severity="error",
    mend="`invoke stop`, end the one that is left by its pid, `invoke start`",
    before="2 masters",
    after="1 master",
    look=look,
)
