"""What a sample says: does a queue keep up, and is a worker that claims a job still there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from deploy.facts.node import NodeState
from deploy.facts.queues import QueuesState, Worker

HOUR = 3600
SILENT = 60
"""Seconds without a heartbeat from which on a worker is quiet; it beats every 5 s."""

Pace = Literal["keeping up", "falling behind", "stopped"]
Presence = Literal["alive", "quiet", "dead", "lost", "unknown"]


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """One queue over the sample; rates are jobs an hour."""

    name: str
    waiting: int
    growth: float
    worked: float | None
    """None where it cannot be told from other queues: counters are of all together."""
    added: float | None
    pace: Pace

    @property
    def verdict(self) -> str:
        """In words."""
        if self.pace == "falling behind":
            return f"falling behind by {self.growth:,.0f} an hour"
        return self.pace


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """One worker, and whether it is there."""

    worker: Worker
    presence: Presence
    why: str

    @property
    def is_stuck(self) -> bool:
        """It claims a job that nobody works."""
        return self.worker.claim is not None and self.presence in ("dead", "lost")


def judge_queues(state: QueuesState, workers: tuple[WorkerHealth, ...]) -> list[QueueHealth]:
    """Every queue, by name: how it grows against how it is worked."""
    first, last = state.samples[0], state.samples[-1]
    hours = (last.seconds - first.seconds) / HOUR
    worked = (last.worked - first.worked) / hours
    busy = {name for one in state.samples for name, count in one.queues.items() if count}
    names = sorted({name for one in state.samples for name in one.queues})
    found = []
    for name in names:
        rate = None
        if worked == 0:
            rate = 0.0
        elif len(names) == 1 or busy == {name}:
            rate = worked
        growth = _slope([(one.seconds, one.queues.get(name, 0)) for one in state.samples]) * HOUR
        waiting = last.queues.get(name, 0)
        pace = _pace(name, state, growth * hours, worked, workers)
        added = None if rate is None else max(0.0, rate + growth)
        found.append(QueueHealth(name, waiting, growth, rate, added, pace))
    return found


def _pace(
    name: str,
    state: QueuesState,
    grown: float,
    worked: float,
    workers: tuple[WorkerHealth, ...],
) -> Pace:
    lengths = [one.queues.get(name, 0) for one in state.samples]
    there = [one.worker for one in workers if one.presence not in ("dead", "lost")]
    reading = [one for one in there if name in one.queues or "*" in one.queues]
    working = any(one.claim and one.claim.queue == name for one in there)
    falls = any(later < earlier for earlier, later in pairwise(lengths))
    if all(lengths) and not falls and not (reading and (working or worked)):
        return "stopped"
    return "falling behind" if grown >= 2 and lengths[-1] > lengths[0] else "keeping up"


def _slope(points: list[tuple[float, int]]) -> float:
    """Jobs a second, by least squares: one look at a burst does not decide."""
    middle = sum(at for at, _ in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    return sum((at - middle) * count for at, count in points) / spread if spread else 0.0


def judge_workers(
    state: QueuesState, machines: Mapping[str, NodeState], lost_after: int | None
) -> tuple[WorkerHealth, ...]:
    """Every worker: is it there? `machines` by their own name; `lost_after` in seconds.

    The process decides where it can be looked up; else the heartbeat, as the app itself would.
    """
    return tuple(_judge(one, machines.get(one.host), lost_after) for one in state.workers)


def _judge(worker: Worker, machine: NodeState | None, lost_after: int | None) -> WorkerHealth:
    silent = worker.silent
    is_quiet = silent is not None and silent > SILENT
    heard = "" if silent is None else f"no heartbeat for {silent} s"
    if machine and machine.pids is not None:
        if worker.pid not in machine.pids:
            why = f"there is no Node process {worker.pid} on {worker.host}"
            return WorkerHealth(worker, "dead", why)
        return WorkerHealth(worker, "quiet" if is_quiet else "alive", heard if is_quiet else "")
    if silent is None:
        return WorkerHealth(worker, "unknown", f"{worker.host} is not among the hosts asked")
    if lost_after is not None and silent > lost_after:
        return WorkerHealth(worker, "lost", heard)
    return WorkerHealth(worker, "quiet" if is_quiet else "alive", heard if is_quiet else "")
