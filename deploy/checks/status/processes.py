"""Who runs on a host: nobody, too few, a master that ends itself, code of before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deploy.checks.status import FleetView, Seen, Trouble
from deploy.facts.cluster import Process

WINDOW = 30
"""Seconds over which a cluster master counts crashes of its workers (actionheroCluster.js)."""
_OLD = re.compile(
    r"started before the checkout|which is gone$|which is not of |runs beside what is confirmed"
    r"|^(sockets/live|current) leads to "
)
"""Words of the proof (remote/prove.sh, origins.sh, facts/releases.py) that tell of other code."""


def no_cluster(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Nothing of the app runs."""
    if one.facts.cluster.ours:
        return
    if not one.facts.head:
        yield "nothing is deployed here", fleet.task("deploy")
        return
    what = "no process of the app" if one.look.model == "processes" else "no cluster master"
    yield (
        f"{what} runs",
        f"{fleet.task('logs', one.name)} says why it ended; {fleet.task('start', one.name)}",
    )


def two_masters(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """More than one cluster master: each serves, and a deploy reloads one."""
    masters = one.facts.cluster.masters
    if len(masters) > 1:
        yield (
            f"{len(masters)} cluster masters run from one directory: {_pids(masters)}",
            f"{fleet.task('stop', one.name)}; end what is left by its pid;"
            f" {fleet.task('start', one.name)}",
        )


def dead_worker(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Something runs, and fewer workers than wanted."""
    cluster = one.facts.cluster
    running, wanted = len(cluster.workers), cluster.workers_wanted
    if cluster.ours and len(cluster.masters) < 2 and running < wanted:
        task = "restart" if cluster.masters else "start"
        yield (
            f"{running} of {wanted} workers run",
            f"{fleet.task('logs', one.name)} says why; {fleet.task(task, one.name)}",
        )


def surplus_worker(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """More workers than wanted."""
    cluster = one.facts.cluster
    running, wanted = len(cluster.workers), cluster.workers_wanted
    if len(cluster.masters) < 2 and running > wanted:
        yield (
            f"{running} workers run, and {wanted} are wanted",
            f"{fleet.task(f'scale --workers {wanted}', one.name)}, or mend `workers`"
            " in the inventory",
        )


def _recent(one: Seen, moments: Sequence[int]) -> int:
    """How many of them are of the last 30 s, and of workers of the master that runs."""
    masters = one.facts.cluster.masters
    if not masters:
        return 0
    since = max(one.look.time - one.seconds(masters[0]), one.look.time - WINDOW)
    return sum(since <= at for at in moments)


def _most(one: Seen) -> int:
    """What a master takes within its window; with one more it stops its workers and ends."""
    return 2 * one.facts.cluster.workers_wanted


def is_restless(one: Seen) -> bool:
    """Its workers end and are started over and over: their pidfiles change with every look."""
    most = _most(one)
    return max(_recent(one, one.look.crashes), _recent(one, one.look.exits)) > most


def doomed_master(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """A master that counted too many crashes ends itself, even when the code was mended since."""
    count, most = _recent(one, one.look.crashes), _most(one)
    if count > most:
        yield (
            f"cluster master {_pids(one.facts.cluster.masters)} is likely to stop every worker and"
            f" end itself within {WINDOW} s: workers crashed {count} times in the last {WINDOW} s,"
            f" and more than {most} in one of its own spans of {WINDOW} s end it",
            f"{fleet.task('logs', one.name)} says what crashed; mend what crashes;"
            f" {fleet.task('restart', one.name)}",
        )


def crash_loop(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Workers end before the master can count why, and are started again for ever."""
    count, most = _recent(one, one.look.exits), _most(one)
    if count > most and _recent(one, one.look.crashes) <= most:
        yield (
            f"workers ended {count} times in the last {WINDOW} s: they do not boot",
            f"{fleet.task('logs', one.name)} says why; mend what does not boot;"
            f" {fleet.task('restart', one.name)}",
        )


def crashes(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Workers died, and were started again."""
    count, most = _recent(one, one.look.crashes), _most(one)
    if 0 < count <= most:
        yield (
            f"workers crashed {count} times in the last {WINDOW} s; above {most} the master ends itself",
            f"{fleet.task('logs --since 10m', one.name)} says what crashed",
        )


def old_code(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Processes whose code is not that of the revision that the host is at."""
    early = _before_the_checkout(one)
    if early:
        served = one.facts.cluster.proved.get("revision", "")
        is_known = served and served != one.facts.head
        yield (
            f"{_pids(early)} started before {one.facts.head[:10]} was checked out, and still run"
            f" {served[:10] if is_known else 'what was there before'}",
            f"{fleet.task('reload', one.name)} loads what is checked out",
        )
    elif _OLD.search(one.facts.objection):
        yield (
            one.facts.objection.partition(": invoke ")[0],
            f"{fleet.task('restart', one.name)}; {fleet.task('deploy')}",
        )


def _before_the_checkout(one: Seen) -> list[Process]:
    cluster = one.facts.cluster
    moved = cluster.activated
    if moved.get("boot") != cluster.boot or not moved.get("ticks", "").isdigit():
        return []
    return [worker for worker in cluster.workers if worker.start < int(moved["ticks"])]


_EXPLAINED = (no_cluster, two_masters, dead_worker, surplus_worker, old_code)


def unproved(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """The proof failed, and no other rule says why."""
    why = one.facts.objection
    is_told = any(list(rule(fleet, one)) for rule in _EXPLAINED)
    is_unnamed = one.unnamed and why.startswith("no pidfile names")
    if why and not is_told and not is_unnamed and not why.startswith("files of the tree"):
        yield why, _next(fleet, one, why)


def _next(fleet: FleetView, one: Seen, why: str) -> str:
    if why.endswith("is not settled"):
        return f"wait for that run; when it is gone: {fleet.task('deploy')}"
    if why == "runs, but was never proved" or why.startswith("the balancer"):
        return fleet.task("deploy")
    return f"{fleet.task('logs', one.name)}; {fleet.task('pids', one.name)}"


def changed_tree(_fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Somebody changed files of the commit, on the host."""
    tree = one.facts.tree
    if tree.changes:
        files = ", ".join(line[3:] for line in tree.dirty[:5])
        more = f" and {tree.changes - 5} more" if tree.changes > 5 else ""
        yield (
            f"changed on the host: {files}{more}",
            f"git -C {one.facts.cluster.root} diff shows it; commit and deploy it, or"
            " deploy with --force, which drops it",
        )


def cut_off(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """An activation ended in the middle, and nobody is at it."""
    if one.facts.tree.interrupted and one.lock is None:
        yield "an activation was cut off", fleet.task("deploy --resume")


def replaced_node(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Node was upgraded below its processes."""
    gone = [p for p in one.facts.cluster.ours if p.program.endswith(" (deleted)")]
    if gone:
        now = one.facts.machine.node or "the new one"
        yield (
            f"{_pids(gone)} run a Node that is not installed any more",
            f"{fleet.task('restart', one.name)} starts them on {now}",
        )


def _pids(processes: Sequence[Process]) -> str:
    return ", ".join(str(one.pid) for one in processes)
