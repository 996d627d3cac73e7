"""Counts round trips: the same work near and through a proxy that delays every byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.delay import delayed
from benchmarks.deploy_peers import invoke_deploy
from benchmarks.deployments import Site, write_inventory
from benchmarks.hosts import Fleet
from benchmarks.measure import Run
from benchmarks.peers import one_stage

_DELAY = 0.05
"""Seconds that each direction lags."""


def round_trips(fleet: Fleet, site: Site, rounds: int) -> str:
    """The table: one stage, and deploys; the git remote is not delayed."""
    lines = [f"Round trips (through a proxy, {1000 * _DELAY:.0f} ms each way; fastest of {rounds})"]
    for work in (_stages, _no_op, _code_only):
        for count in (1, 2) if work is _no_op else (1,):
            with _both(fleet, count) as (near, far):
                for here, there in zip(work(near, site), work(far, site), strict=True):
                    trips = _trips(here, there, fleet, rounds)
                    lines.append(f"  {here.contestant.name:<48} {trips:6.1f}")
    return "\n".join(lines) + "\n"


def _stages(fleet: Fleet, _site: Site) -> list[Run]:
    found = one_stage(fleet, 1, peers=False)
    return [Run("", one, tuple(fleet.marks(1))) for one in found]


def _no_op(fleet: Fleet, site: Site) -> list[Run]:
    return [_deploy(fleet, site, "No-op", lambda: None)]


def _code_only(fleet: Fleet, site: Site) -> list[Run]:
    return [_deploy(fleet, site, "Code-only", site.commit)]


def _deploy(fleet: Fleet, site: Site, kind: str, prepare: Callable[[], None]) -> Run:
    count, name = len(fleet.hosts), fleet.directory.name
    inventory = write_inventory(site, name, fleet.config, count)
    title = f"{kind} deploy to {count} host{'s' * (count > 1)}"
    return Run("", invoke_deploy(site, title, name, inventory), prepare=prepare)


def _trips(near: Run, far: Run, fleet: Fleet, rounds: int) -> float:
    """Fastest of each, after one for warmth: what disturbs a run only ever makes it slower."""
    walls = [[run.take(fleet.log).wall for run in (near, far)] for _ in range(rounds + 1)][1:]
    fast, slow = (float(min(column)) for column in zip(*walls, strict=True))
    return (slow - fast) / (2 * _DELAY)


@contextmanager
def _both(fleet: Fleet, count: int) -> Iterator[tuple[Fleet, Fleet]]:
    """The first hosts through proxies that only forward, and through those that delay."""
    with ExitStack() as stack:
        near, far = (
            _behind(fleet, [
                stack.enter_context(delayed(host.address, host.port, seconds))
                for host in fleet.hosts[:count]
            ])
            for seconds in (0, _DELAY)
        )  # fmt: skip
        yield near, far


def _behind(fleet: Fleet, ports: list[int]) -> Fleet:
    """The first hosts of the fleet, reached through the proxies at `ports`."""
    directory = fleet.directory / f"behind-{ports[0]}"
    directory.mkdir()
    behind = Fleet(directory, fleet.hosts[: len(ports)])
    known = directory / "known_hosts"
    blocks = []
    with known.open("w") as file:
        for name, host, port in zip(behind.names(len(ports)), fleet.hosts, ports, strict=False):
            file.write(f"[127.0.0.1]:{port} {host.public_host_key}\n")
            blocks.append(f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n")
    files = f"Host *\n  UserKnownHostsFile {known}\nInclude {fleet.config}\n"
    behind.config.write_text("".join(blocks) + files)
    return behind
