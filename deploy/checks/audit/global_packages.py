"""A package for everybody is one version for every app."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where npm packages are installed globally."""
    for one in scene.hosts:
        for path in one.audit.global_packages:
            yield one.host.name, "npm", path


RULE = AuditRule(
    id="global_packages",
    what="npm packages are installed globally",
    why="An update for one app breaks another; a deploy does not see it.",
    source=NOTES,
    severity="notice",
    mend="npm uninstall -g it, and add it to the app's package.json",
    before="npm install -g pm2",
    after="npm install --save pm2",
    look=look,
)
