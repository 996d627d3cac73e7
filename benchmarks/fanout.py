"""The tables of docs/performance.md: this tool beside others, at the same work on real sshd hosts.

`python -m benchmarks.fanout [--rounds 5] [--hosts 1,8,32] [--no-peers] [--quick]`
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.deploys import deploy_runs, overhead
from benchmarks.hosts import Fleet, fleet
from benchmarks.measure import Contestant, Run, Sample, interleave, table
from benchmarks.peers import one_stage
from benchmarks.round_trips import round_trips
from tests.lab.controller import heed_sigterm

_DEPLOYED = 8
"""Hosts that are deployed to."""
_Results = Mapping[tuple[str, str], Sample]


def _one_stage(hosts: Fleet, count: int, peers: bool) -> list[Run]:
    group = f"One stage (20 kB of script) on {count} host{'s' * (count > 1)}"
    marks = tuple(hosts.marks(count))
    return [Run(group, one, marks) for one in one_stage(hosts, count, peers=peers)]


def main() -> None:
    """Print every table."""
    options = _options()
    heed_sigterm()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # whoever starts once compiles once
    counts = [int(text) for text in options.hosts.split(",")]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}, medians of {options.rounds} interleaved rounds,"
        f" load {os.getloadavg()[0]:.1f} at the start\n",
        flush=True,
    )
    with ExitStack() as stack:
        directory = stack.enter_context(_directory())
        hosts = stack.enter_context(fleet(directory, max(counts)))
        remote = stack.enter_context(fleet(directory / "git", 1, prefix="git", subnet=79))
        _measure(hosts, remote, counts, options)


def _measure(hosts: Fleet, remote: Fleet, counts: list[int], options: argparse.Namespace) -> None:
    peers, some = not options.no_peers, Fleet(hosts.directory, hosts.hosts[:_DEPLOYED])
    stages = [run for count in counts for run in _one_stage(hosts, count, peers)]
    with deploy_runs(some, remote, peers=peers) as (deploys, site):
        runs = [*stages, *deploys, *_start_up()]
        results = interleave(runs, options.rounds, hosts.log, 60 * options.minutes)
        _print_tables(results, counts)
        print(overhead(results, len(some.hosts)), flush=True)
        print(round_trips(hosts, site, options.rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", default="1,8,32")
    parser.add_argument("--minutes", type=float, default=15, help="no further round after that")
    parser.add_argument("--no-peers", action="store_true", help="only this tool and the ssh floor")
    parser.add_argument("--quick", action="store_true", help="one round, 1 and 8 hosts: a look")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.hosts = 1, "1,8"
    return options


@contextmanager
def _directory() -> Iterator[Path]:
    """Short, and open to the unprivileged user of the hosts."""
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _start_up() -> list[Run]:
    """What every run of this tool pays before the first byte is sent."""
    imports = {
        "python": "pass",
        "python, fabric and paramiko": "import fabric",
        "python and the inventory's models": "import deploy.inventory.models",
        "python and all that one stage needs": "import benchmarks.ours",
    }
    runs = [
        Run("Start-up", Contestant(name, (sys.executable, "-c", code), {}))
        for name, code in imports.items()
    ]
    if Path("tasks.py").exists():
        command = (sys.executable, "-m", "invoke", "--list")
        runs.append(Run("Start-up", Contestant("invoke --list", command, {})))
    return runs


def _print_tables(results: _Results, counts: list[int]) -> None:
    groups = list(dict.fromkeys(group for group, _ in results))
    by_group = {g: {n: one for (of, n), one in results.items() if of == g} for g in groups}
    for group, rows in by_group.items():
        print(table(group, rows, next(iter(rows))), end="\n\n")
    if min(counts) < max(counts):
        staged = [by_group[group] for group in groups if group.startswith("One stage")]
        print(_each_further_host(staged[0], staged[-1], counts[-1] - counts[0]))


def _each_further_host(few: Mapping[str, Sample], many: Mapping[str, Sample], hosts: int) -> str:
    """Client CPU of a host more, between the smallest and the largest fleet."""
    lines = [f"  {name:<48} {1000 * (many[name].cpu - few[name].cpu) / hosts:6.1f}" for name in few]
    return "\n".join([f"Client CPU for each further host, ms ({hosts} more)", *lines, ""])


if __name__ == "__main__":
    main()
