"""Each connection is an open file."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene
from deploy.checks.limits import FILES


def look(scene: Scene) -> Iterator[Place]:
    """Places where few open files are allowed."""
    for one in scene.hosts:
        files = one.facts.machine.files
        if files.isdigit() and int(files) < FILES:
            yield one.host.name, "ulimit -n", files


RULE = AuditRule(
    id="open_files",
    what="few open files are allowed",
    why="Connections are refused under load, and log files cannot be opened.",
    source="getrlimit(2)",
    severity="warning",
    mend="raise `nofile` in limits.conf(5) or LimitNOFILE= of the unit",
    before="ulimit -n   # 256",
    after="ulimit -n   # 65536",
    look=look,
)
