"""Wall time and CPU of whole child processes, by the operating system's own accounting.

A contestant is a command line: interpreter, imports and all.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

_LIMIT = 120
"""Seconds that one run may take."""
_INNER = re.compile(r"^without start-up: (\S+) s wall, (\S+) s cpu$", re.MULTILINE)
"""What a contestant may print of itself, taken after its imports: a row of its own."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of doing the work."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds of wall time, and of CPU of the process and those it waited for."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Run:
    """A contestant in a group, which is one table; its output must hold `expected`."""

    group: str
    contestant: Contestant
    expected: tuple[str, ...] = ()
    prepare: Callable[[], object] = lambda: None
    """What comes before each measurement, and is none of it."""
    verify: Callable[[], object] = lambda: None
    """Raises where the work was not done."""

    def take(self, log: Path) -> Sample:
        """One measurement. Raises RuntimeError."""
        self.prepare()
        sample = run_once(self.contestant, self.expected, log)
        self.verify()
        return sample


def run_once(contestant: Contestant, expected: Sequence[str], log: Path) -> Sample:
    """Run it. Raises RuntimeError when it fails, or its output lacks one of `expected`."""
    with log.open("wb") as output, ExitStack() as stack:
        start = time.perf_counter()
        process = subprocess.Popen(
            contestant.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **contestant.environment},
        )
        limit = threading.Timer(_LIMIT, process.kill)
        stack.callback(limit.cancel)
        limit.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text("utf-8", "replace")
    missing = [mark for mark in expected if mark not in text]
    if process.returncode or missing:
        tail = "\n".join(text.splitlines()[-20:])
        raise RuntimeError(
            f"{contestant.name}: exit {process.returncode}, no {missing[:3]}\n{tail}"
        )
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def interleave(
    runs: Sequence[Run], rounds: int, log: Path, seconds: float
) -> dict[tuple[str, str], Sample]:
    """The medians of `rounds` rounds in which each run has its turn, so that load is shared fairly.

    By group and contestant. A first round, not counted, fills caches; after `seconds` no further
    round is begun, save the first that counts.
    """
    samples: dict[tuple[str, str], list[Sample]] = {}
    end = time.monotonic() + seconds
    for number in range(rounds + 1):
        if number > 1 and time.monotonic() > end:
            print(f"out of time: medians of {number - 1} rounds\n")
            break
        print(f"round {number} of {rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        for run in runs:
            taken = {run.contestant.name: run.take(log)}
            if inner := _INNER.search(log.read_text("utf-8", "replace")):
                wall, cpu = (float(text) for text in inner.groups())
                taken[f"{run.contestant.name}, without start-up"] = Sample(wall, cpu)
            for name, sample in taken.items() if number else ():
                samples.setdefault((run.group, name), []).append(sample)
    return {key: median(found) for key, found in samples.items()}


def median(samples: Iterable[Sample]) -> Sample:
    """Of wall time and CPU apart."""
    taken = list(samples)
    return Sample(
        statistics.median(one.wall for one in taken), statistics.median(one.cpu for one in taken)
    )


def table(title: str, results: Mapping[str, Sample], floor: str) -> str:
    """A text table: milliseconds, and the ratio to the contestant named `floor`."""
    width = max(len(name) for name in results)
    base = results[floor]
    rows = [
        f"  {name:<{width}}  {one.wall * 1000:8.0f}  {one.wall / base.wall:6.2f} x"
        f"  {one.cpu * 1000:8.0f}  {one.cpu / base.cpu:6.2f} x"
        for name, one in results.items()
    ]
    head = f"  {'':<{width}}  {'wall ms':>8}  {'ratio':>8}  {'cpu ms':>8}  {'ratio':>8}"
    return "\n".join([title, head, *rows])
