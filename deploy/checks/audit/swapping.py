"""Memory in swap is worse than a worker less."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the app's processes are in swap."""
    for one in scene.hosts:
        if one.audit.swap > 1024:
            yield one.host.name, "swap", f"{one.audit.swap // 1024} MB of its processes"


RULE = AuditRule(
    id="swapping",
    what="the app's processes are in swap",
    why="A request that touches such memory waits for the disk.",
    source=NOTES,
    severity="warning",
    mend="lower `workers`, or give the machine more memory",
    before="workers: 8",
    after="workers: 4",
    look=look,
)
