"""A code-only deploy and a no-op deploy to the same hosts, by each tool, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from benchmarks import deploy_peers
from benchmarks.deployments import Site, sites
from benchmarks.hosts import Fleet
from benchmarks.measure import Run, Sample

_CONTESTANTS = {
    "notes": deploy_peers.notes,
    "ours": deploy_peers.ours,
    "pyinfra": deploy_peers.pyinfra,
    "ansible": deploy_peers.ansible,
    "work": deploy_peers.work_alone,
}
_OWN = ("notes", "ours", "work")
"""What needs no other tool."""


@contextmanager
def deploy_runs(fleet: Fleet, remote: Fleet, *, peers: bool) -> Iterator[tuple[list[Run], Site]]:
    """Their runs, once every app is installed, and the site of ours.

    No-op comes behind code-only, so that it is one.
    """
    names = list(_CONTESTANTS if peers else _OWN)
    with ExitStack() as stack:
        made = stack.enter_context(sites(fleet, remote, names))
        runs = [run for kind in ("code-only", "no-op") for run in _runs(kind, fleet, made)]
        yield runs, made["ours"]


def _runs(kind: str, fleet: Fleet, made: Mapping[str, Site]) -> Iterator[Run]:
    group = title(kind, len(fleet.hosts))
    for name, site in made.items():
        if kind == "code-only" and name != "ours":
            site.install()
        contestant = _CONTESTANTS[name](site)
        if kind == "code-only":
            yield Run(group, contestant, prepare=site.commit, verify=site.verify)
        else:
            yield Run(group, contestant, verify=site.verify)


def title(kind: str, count: int) -> str:
    """The head of a table."""
    return f"{kind.capitalize()} deploy to {count} hosts"


def overhead(results: Mapping[tuple[str, str], Sample], count: int) -> str:
    """What each tool takes above the work itself, in seconds of wall time."""
    group = title("code-only", count)
    base = results[group, deploy_peers.WORK_ALONE].wall
    lines = [
        f"  {name:<52} {one.wall - base:6.2f} s"
        for (of, name), one in results.items()
        if of == group and name != deploy_peers.WORK_ALONE
    ]
    head = "Code-only deploy: wall time above git pull and npm install alone"
    return "\n".join([head, *lines, ""])
