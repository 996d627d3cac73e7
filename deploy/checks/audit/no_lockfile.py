"""Without a lockfile two hosts can run different packages."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the live tree has no lockfile."""
    for one in scene.hosts:
        if one.facts.head and not one.audit.has_lockfile:
            yield one.host.name, "package-lock.json", "missing"


RULE = AuditRule(
    id="no_lockfile",
    what="the live tree has no lockfile",
    why="An install takes whatever is newest at that moment.",
    source=MEASURED,
    severity="warning",
    mend="commit package-lock.json",
    before="dependencies: {node: install}",
    after="dependencies: {node: ci}",
    look=look,
)
