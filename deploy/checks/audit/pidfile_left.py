"""A pidfile that was left names a stranger one day."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a pidfile names no process of the app."""
    for one in scene.hosts:
        for pidfile in one.facts.cluster.pidfiles:
            if pidfile.verdict != "ok":
                yield one.host.name, f"pids/{pidfile.name}", f"{pidfile.text}: {pidfile.verdict}"


RULE = AuditRule(
    id="pidfile_left",
    what="a pidfile names no process of the app",
    why="A start refuses with 'already running', or a signal ends an innocent process.",
    source=MEASURED,
    severity="warning",
    mend="remove it when `invoke pids` says so",
    before="pids/cluster_pidfile: 4711   # no such process",
    after="pids/ holds the living only",
    look=look,
)
