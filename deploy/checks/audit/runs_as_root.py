"""What runs as root can be made to do anything."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the app is run by root."""
    for one in scene.hosts:
        if one.facts.machine.user == "root":
            yield one.host.name, "user", "root"


RULE = AuditRule(
    id="runs_as_root",
    what="the app is run by root",
    why="A fault in one action gives away the machine.",
    source="OWASP, principle of least privilege",
    severity="error",
    mend="make a user for the app, and log in as that",
    before="user: root",
    after="user: deploy",
    look=look,
)
