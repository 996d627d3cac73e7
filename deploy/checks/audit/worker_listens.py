"""Servers do not belong on processes that work tasks."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a worker accepts connections from elsewhere."""
    for one in scene.hosts:
        for address in one.audit.listens if not one.host.serves else ():
            if not address.startswith(("127.", "::1:")):
                yield one.host.name, "listens", address


RULE = AuditRule(
    id="worker_listens",
    what="a worker accepts connections from elsewhere",
    why="Requests wait behind tasks; and a port is open that nobody watches.",
    source=NOTES,
    severity="warning",
    mend="turn its servers off by ACTIONHERO_ROLE in the app's configuration",
    before="web: {enabled: true}",
    after="web: {enabled: process.env.ACTIONHERO_ROLE !== 'worker'}",
    look=look,
)
