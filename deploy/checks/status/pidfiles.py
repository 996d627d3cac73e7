"""Pidfiles that cannot be believed: a signal by them ends a stranger, or reaches nobody."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.status import FleetView, Seen, Trouble
from deploy.checks.status.processes import is_restless


def foreign_pidfile(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """It names a process that is not this app's."""
    for pidfile in one.facts.cluster.pidfiles:
        process = pidfile.process
        if pidfile.verdict == "foreign" and process:
            owner = "" if process.owner == "me" else f" of {process.owner}"
            program = process.program.rpartition("/")[2]
            yield (
                f"pids/{pidfile.name} names process {process.pid}{owner}, {program} in"
                f" {process.directory}: a signal by that file would reach it",
                f"{fleet.task('pids', one.name)} shows it; if it is not the app's:"
                f" rm {one.facts.cluster.root}/pids/{pidfile.name}",
            )


def stale_pidfile(_fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """It names nobody, today."""
    left = [p.name for p in one.facts.cluster.pidfiles if p.verdict in ("stale", "unreadable")]
    if left and not is_restless(one):
        names, them = ", ".join(f"pids/{name}" for name in left), "it" if len(left) == 1 else "them"
        yield (
            f"{names}: no such process; its number may be a stranger's tomorrow",
            f"remove {them}: cd {one.facts.cluster.root}/pids && rm {' '.join(left)}",
        )


def missing_pidfile(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """A process of the app has none."""
    masters = {process.pid for process in one.facts.cluster.masters}
    file = f"{one.facts.cluster.root}/pids/cluster_pidfile"
    pids = [process.pid for process in one.unnamed if process.pid not in masters]
    for process in one.unnamed:
        if process.pid in masters:
            what = f"no pidfile names the cluster master, {process.pid}"
            yield what, f"on the host: printf %s {process.pid} >{file}"
    if pids and not is_restless(one):
        yield (
            f"no pidfile names {', '.join(map(str, pids))}",
            f"{fleet.task('reload', one.name)} starts processes that write theirs",
        )
