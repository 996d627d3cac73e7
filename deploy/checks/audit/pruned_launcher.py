"""A master forks its workers from the file that started it."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the file that started a process is gone."""
    for one in scene.hosts:
        for pid, path in one.audit.missing_launchers:
            yield one.host.name, f"process {pid}", f"{path} is gone"


RULE = AuditRule(
    id="pruned_launcher",
    what="the file that started a process is gone",
    why="Every later fork fails: the next worker that dies does not come back.",
    source=MEASURED,
    severity="error",
    mend="`invoke restart`: a new master starts from the release that is there",
    before="node releases/1/node_modules/.bin/actionhero   # removed",
    after="node current/node_modules/.bin/actionhero",
    look=look,
)
