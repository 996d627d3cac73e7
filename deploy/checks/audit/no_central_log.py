"""Many processes on many hosts write many files."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where logs stay on the host."""
    for one in scene.hosts:
        has_program = {"rsyslog", "syslog_ng"} & one.host.settings.programs.keys()
        if not one.audit.shippers and not has_program:
            yield one.host.name, "logging", "no program sends logs elsewhere"


RULE = AuditRule(
    id="no_central_log",
    what="logs stay on the host",
    why="What happened to one request is on some host, in some file, until it is rotated.",
    source=NOTES,
    severity="notice",
    mend="add rsyslog or syslog_ng to the host's programs",
    before="programs: {}",
    after="programs: {rsyslog: {}}",
    look=look,
)
