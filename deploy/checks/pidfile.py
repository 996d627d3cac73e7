"""A pidfile that names somebody else's process: USR2 would kill it (signal(7): default action)."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """The cluster's pidfile must name this app's master, or nobody."""
    cluster = subject.facts.cluster
    for pidfile in cluster.pidfiles:
        process = pidfile.process
        if pidfile.name == "cluster_pidfile" and pidfile.verdict == "foreign" and process:
            yield (
                "error",
                f"pids/cluster_pidfile names process {process.pid}, which is not this app's "
                f"cluster master: {process.name} in {process.directory}",
                f"look at it; if it is not the cluster, rm {cluster.root}/pids/cluster_pidfile",
            )
    if len(cluster.masters) > 1:
        pids = ", ".join(str(m.pid) for m in cluster.masters)
        yield "error", f"more than one cluster master runs here: {pids}", "stop the wrong one"


RULE = Rule("pidfile", "No signal goes to a process that was not identified.", look)
