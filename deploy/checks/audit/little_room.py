"""A full disk ends the log, the upload and the deploy."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the disk is nearly full."""
    for one in scene.hosts:
        if one.facts.machine.disk < 512 * 1024:
            yield one.host.name, "disk", f"{one.facts.machine.disk // 1024} MB free"


RULE = AuditRule(
    id="little_room",
    what="the disk is nearly full",
    why="What is written then is lost, often without a word.",
    source="write(2), ENOSPC",
    severity="error",
    mend="remove old logs and releases (`keep_releases`)",
    before="200 MB free",
    after="5 GB free",
    look=look,
)
