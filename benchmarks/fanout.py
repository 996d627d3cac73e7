"""The tables of docs/performance.md: this tool beside others, at the same work on real sshd hosts.

`python -m benchmarks.fanout [--rounds 5] [--hosts 1,8,32] [--no-peers]`
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.delay import delayed
from benchmarks.hosts import Fleet, fleet
from benchmarks.measure import Contestant, Run, Sample, interleave, run_once, table
from benchmarks.peers import one_stage

_DELAY = 0.05
_Results = Mapping[tuple[str, str], Sample]


def _one_stage(hosts: Fleet, count: int, peers: bool) -> list[Run]:
    group = f"One stage (20 kB of script) on {count} host{'s' * (count > 1)}"
    marks = tuple(hosts.marks(count))
    return [Run(group, one, marks) for one in one_stage(hosts, count, peers=peers)]


WORK: tuple[Callable[[Fleet, int, bool], list[Run]], ...] = (_one_stage,)
"""Each kind of work: its runs for a fleet, a number of hosts, with peers or not.

A no-op deploy and a code-only deploy are a function and an entry each.
"""


def main() -> None:
    """Print every table."""
    options = _options()
    counts = [int(text) for text in options.hosts.split(",")]
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}, medians of {options.rounds} interleaved rounds\n"
    )
    with _directory() as directory, fleet(directory, max(counts)) as hosts:
        runs = [
            run
            for work in WORK
            for count in counts
            for run in work(hosts, count, not options.no_peers)
        ]
        _print_tables(interleave([*runs, *_start_up()], options.rounds, hosts.log), counts)
        print(_round_trips(hosts, options.rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--hosts", default="1,8,32")
    parser.add_argument("--no-peers", action="store_true", help="only this tool and the ssh floor")
    return parser.parse_args()


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


def _round_trips(hosts: Fleet, rounds: int) -> str:
    """Connect and one stage on one host, near and through a delay: the difference in delays."""
    lines = ["Round trips to connect and run one stage (through a proxy, 50 ms each way)"]
    first = hosts.hosts[0]
    with (
        delayed(first.address, first.port, 0) as near,
        delayed(first.address, first.port, _DELAY) as far,
    ):
        both = [one_stage(_behind(hosts, port), 1, peers=False) for port in (near, far)]
        for here, there in zip(*both, strict=True):
            lines.append(f"  {here.name:<48} {_trips(here, there, hosts, rounds):6.1f}")
    return "\n".join(lines) + "\n"


def _trips(near: Contestant, far: Contestant, hosts: Fleet, rounds: int) -> float:
    """Fastest of each: what disturbs a run only ever makes it slower."""
    walls = [
        [run_once(one, hosts.marks(1), hosts.log).wall for one in (near, far)]
        for _ in range(rounds)
    ]
    fast, slow = (float(min(column)) for column in zip(*walls, strict=True))
    return (slow - fast) / (2 * _DELAY)


def _behind(hosts: Fleet, port: int) -> Fleet:
    """The same fleet, whose first host is reached through the proxy at `port`."""
    directory = hosts.directory / f"behind-{port}"
    directory.mkdir()
    known = directory / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {hosts.hosts[0].public_host_key}\n")
    behind = Fleet(directory, hosts.hosts[:1])
    behind.config.write_text(
        f"Host h1\n  HostName 127.0.0.1\n  Port {port}\n  UserKnownHostsFile {known}\n"
        f"Include {hosts.config}\n"
    )
    return behind


if __name__ == "__main__":
    main()
