"""Runs as they are recorded, made here: small ones, and one of many hosts that fails half-way.

`python -m tests.reports.runs > RUN.jsonl` writes the latter, for `invoke replay --run RUN.jsonl`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone

from deploy import events
from deploy.events import Event

START = datetime(2026, 11, 29, 12, 0, tzinfo=timezone.utc)
Timed = tuple[float, Event]
"""Seconds since the run began, and what happened then."""
PREPARE = ("make_release", "install_node", "run_build_1")
ACTIVATE = ("boot_release", "switch_live", "watch_gate")
TAIL = tuple(f"boot line {number}" for number in range(1, 21))


def large(hosts: int = 40, batches: int = 5, failing: str = "web27") -> list[Timed]:
    """A deploy to so many hosts, one of which does not come up in its batch; all go back."""
    names = tuple(f"web{number}" for number in range(1, hosts + 1))
    made = [(0.0, events.RunStarted("r40", "deploy", "production", names, "3f2a9c1d" * 5))]
    made += [(0.3 + n / 40, events.HostConnected(name, 0.2)) for n, name in enumerate(names)]
    made += [(1.5, events.HostInspected(name, 0.0, "8 workers, proved")) for name in names]
    made += _stage(2.0, "prepare", PREPARE, [names])
    size = (hosts - 1 + batches - 2) // (batches - 1)
    cut = [names[:1], *(names[n : n + size] for n in range(1, hosts, size))]
    for at, event in _stage(12.0, "activate", ACTIVATE, cut):
        made.append((at, event))
        if isinstance(event, events.StageFinished) and failing in cut[event.batch - 1]:
            break
    at = made.pop()[0]
    return [*_without_end(made, failing), *_failure(at, failing, cut, names)]


def _stage(
    at: float, stage: str, steps: Sequence[str], batches: Sequence[tuple[str, ...]]
) -> Iterator[Timed]:
    for number, hosts in enumerate(batches, 1):
        yield at, events.StageStarted(stage, number, len(batches), hosts)
        found: list[Timed] = []
        for n, host in enumerate(hosts):
            found += _host(at + n / 50, host, stage, steps, 1 + n % 7 / 4)
        yield from sorted(found, key=lambda one: one[0])
        at = max(one[0] for one in found) + 0.1
        yield at, events.StageFinished(stage, number)


def _host(
    at: float, host: str, stage: str, steps: Sequence[str], seconds: float
) -> Iterator[Timed]:
    for step in steps:
        yield at, events.StepStarted(host, stage, step)
        for n in range(4):
            line = f"{step} says a line of some length about what it does now, number {n} of 4"
            yield at + n * seconds / 4, events.StepLogged(host, step, line)
        at += seconds
        yield at, events.StepFinished(host, stage, step, "changed", seconds)


def _without_end(run: Iterable[Timed], host: str) -> Iterator[Timed]:
    """That host gets no further than to its first step of the cut-over."""
    for at, event in run:
        mine = getattr(event, "host", "") == host
        later = getattr(event, "step", "") in ACTIVATE[1:]
        ended = isinstance(event, events.StepFinished) and event.step == ACTIVATE[0]
        if not (mine and (later or ended)):
            yield at, event


def _failure(
    at: float, host: str, cut: Sequence[tuple[str, ...]], names: tuple[str, ...]
) -> Iterator[Timed]:
    batch = next(n for n, hosts in enumerate(cut, 1) if host in hosts)
    why = "worker 3 ended while it started"
    yield at, events.StepFinished(host, "activate", "boot_release", "failed", 1.0)
    yield at, events.HostFailed(host, "boot_release", why, "mend it, then deploy again", TAIL)
    yield at, events.StageFinished("activate", batch, (host,))
    back = tuple(name for hosts in cut[:batch] for name in hosts if name != host)
    yield at, events.StageStarted("go back", 1, 1, back)
    for n, name in enumerate(back):
        yield at + 0.5 + n / 30, events.StepUndone(name, "switch_live", True)
    words = "failed: the old code serves on every host"
    yield at + 2.5, events.RunFinished("r40", 1, words, at + 2.5, dict.fromkeys(names, "old"))


def recorded(run: Iterable[Timed]) -> str:
    """The record of a run, as .deploy/runs has it."""
    return "".join(
        json.dumps({"time": _time(at), **event.to_json()}, ensure_ascii=False) + "\n"
        for at, event in run
    )


def _time(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


if __name__ == "__main__":
    sys.stdout.write(recorded(large()))
