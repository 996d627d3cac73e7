"""A log that nobody turns over fills the disk."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the app's logs are large."""
    for one in scene.hosts:
        if one.audit.log_size > 1024 * 1024:
            yield one.host.name, "log", f"{one.audit.log_size // 1024} MB"


RULE = AuditRule(
    id="log_size",
    what="the app's logs are large",
    why="They fill the disk, and nobody can read them.",
    source=NOTES,
    severity="warning",
    mend="add logrotate to the host's programs",
    before="programs: {}",
    after="programs: {logrotate: {}}",
    look=look,
)
