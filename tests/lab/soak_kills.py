"""The soak's kills: the controller of a deploy ends by kill -9 at random instants, and at each
named point. Within 90 s the fleet is on one release, and the next deploy needs no hand.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from deploy.reports.tables import print_table
from tests.deploys.harness import Controller, Said
from tests.lab.kills import LIMIT, POINTS, WITHOUT_REGISTER, Point, Stand, off, try_point
from tests.lab.lab import Lab
from tests.lab.points import Points
from tests.lab.releases import PATIENCE, await_rest, confirmed

_FAULTS = (RuntimeError, AssertionError, OSError)
"""What says that a fleet is not as it has to be."""


@dataclass(slots=True)
class Kills:
    """What the kills came to."""

    instants: list[float] = field(default_factory=list)
    """Seconds from a deploy's begin to its kill."""
    rests: list[float] = field(default_factory=list)
    """Seconds from a kill until the fleet was at rest on one release."""
    stages: Counter[str] = field(default_factory=Counter)
    """The stages that were under way."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Kills after which the old release serves, or the new one."""
    faults: list[str] = field(default_factory=list)


def kill_at_random(lab: Lab, count: int, seed: int) -> bool:
    """Kill `count` deploys at instants that are uniform over a deploy's length; true: all well."""
    kills = Kills()
    with TemporaryDirectory() as directory:
        stand = make_stand(lab, Path(directory))
        length = _measure(stand)
        print(f"soak: a deploy takes {length:.1f} s; seed {seed}", flush=True)
        chance = random.Random(seed)  # noqa: S311 # repeatable on purpose
        for number in range(1, count + 1):
            instant = chance.uniform(0, length)
            fault = _guarded(partial(_kill_once, stand, instant, kills))
            _tell(f"kill {number} after {instant:.1f} s", kills, fault)
    _print_kills(kills, length)
    return not kills.faults and len(kills.rests) == count


def kill_at_points(lab: Lab) -> bool:
    """Kill one deploy at each named point; true: all well."""
    rows, is_well = [], True
    with TemporaryDirectory() as directory:
        points = Points(lab)
        points.install()
        stand = make_stand(lab, Path(directory), points.change)
        blind = make_stand(lab, Path(directory) / "blind", points.change, off)
        stand.deploy()
        for point in (*POINTS, WITHOUT_REGISTER):
            row, fault = _try(blind if point is WITHOUT_REGISTER else stand, point)
            print(f"soak: {point.name}: {fault or 'as it has to be'}", flush=True)
            is_well = is_well and not fault
            rows.append(row)
    print()
    print_table(("killed", "comes to", "at rest after", "next deploy"), rows, "terminal")
    return is_well


def make_stand(lab: Lab, directory: Path, *changes: Callable[[dict[str, Any]], object]) -> Stand:
    """A controller with its own inventory, in which the gate is short."""

    def change(data: dict[str, Any]) -> None:
        data["rollout"] = {"gate": {"seconds": 1}}
        data["drain"] = 5
        for one in changes:
            one(data)

    return Stand(Controller(lab, directory, change), Points(lab))


def _measure(stand: Stand) -> float:
    """The seconds of a deploy to a fleet that has been deployed to."""
    stand.deploy()
    stand.lab.commit("measured")
    began = time.monotonic()
    stand.deploy()
    return time.monotonic() - began


def _kill_once(stand: Stand, instant: float, kills: Kills) -> None:
    before = confirmed(stand.lab, "web1")
    stand.lab.commit(f"killed after {instant:.1f} s")
    running = stand.controller.start("deploy", seconds=LIMIT)
    time.sleep(instant)
    said = stand.kill(running)
    kills.instants.append(instant)
    kills.stages[_stage(said)] += 1
    kills.rests.append(await_rest(stand.lab))
    kills.outcomes["new" if confirmed(stand.lab, "web1") != before else "old"] += 1
    stand.deploy()


def _stage(said: Said) -> str:
    """The stage that the controller had told of last."""
    if said.events("run_finished"):
        return "over"
    stages = said.events("stage_started")
    return str(stages[-1]["stage"]) if stages else "before any"


def _try(stand: Stand, point: Point) -> tuple[tuple[str, ...], str]:
    seconds = 0.0

    def work() -> None:
        nonlocal seconds
        stand.points.clear()
        seconds = try_point(stand, point)
        stand.deploy()

    fault = _guarded(work)
    cells = (point.name, point.outcome, f"{seconds:.1f} s", "fault" if fault else "right")
    return cells, fault


def _guarded(work: Callable[[], object]) -> str:
    """Do it; what went wrong, in words."""
    try:
        work()
    except _FAULTS as error:
        return str(error)
    return ""


def _tell(what: str, kills: Kills, fault: str) -> None:
    if fault:
        kills.faults.append(f"{what}: {fault}")
    rest = f"at rest after {kills.rests[-1]:.1f} s" if kills.rests else "never at rest"
    print(f"soak: {what}: {fault or rest}", flush=True)


def _print_kills(kills: Kills, length: float) -> None:
    rows = [
        ("kills", f"{len(kills.instants)} within the {length:.1f} s of a deploy"),
        ("in the stages", _counts(kills.stages)),
        ("came to one release", f"{len(kills.rests)}: {_counts(kills.outcomes)}"),
        ("seconds until then", f"{_range(kills.rests)} (limit: {PATIENCE:.0f})"),
        ("faults", str(len(kills.faults))),
    ]
    print()
    print_table(("kill -9 at random", "figure"), rows, "terminal")
    for fault in kills.faults:
        print(f"\n{fault}")


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counter.most_common())


def _range(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"{min(values):.1f} to {max(values):.1f}, median {median(values):.1f}"
