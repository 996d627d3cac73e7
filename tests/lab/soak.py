"""The soak: one revision after the other, deployed to the lab under load, and what that cost; with
--kills, --points and --controllers, what becomes of deploys that are killed, or meet each other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from deploy.reports.tables import print_table
from tests.lab import Lab
from tests.lab.controller import heed_sigterm, invoke
from tests.lab.demo import WEB_HOSTS
from tests.lab.site import Site
from tests.lab.soak_controllers import deploy_at_once
from tests.lab.soak_kills import kill_at_points, kill_at_random


@dataclass(slots=True)
class Figures:
    """What the rounds came to."""

    seconds: list[float] = field(default_factory=list)
    """How long each deploy took."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Answers by status, and failures by kind, over all rounds."""
    lost: list[int] = field(default_factory=list)
    """Requests that failed, by round."""
    faults: list[str] = field(default_factory=list)
    """Rounds that ended other than with the new revision everywhere."""


def main() -> int:
    """Do what was asked for on a lab of its own; 1 when anything was not as it has to be."""
    options = _options()
    heed_sigterm()
    kills = options.kills or options.points or options.controllers
    lab = Lab(options.root, options.app, options.subnet, "releases" if kills else options.strategy)
    try:
        lab.up()
        return 0 if _soak(lab, options) else 1
    finally:
        lab.down()


def _soak(lab: Lab, options: argparse.Namespace) -> bool:
    """Everything that was asked for, whatever came of the one before; the rounds, by default."""
    parts: list[Callable[[], bool]] = []
    if options.kills:
        parts.append(lambda: kill_at_random(lab, options.kills, options.seed))
    if options.points:
        parts.append(lambda: kill_at_points(lab))
    if options.controllers:
        parts.append(lambda: deploy_at_once(lab, options.controllers, options.rounds))
    return all(part() for part in parts or [lambda: run_rounds(lab, options)])


def run_rounds(lab: Lab, options: argparse.Namespace) -> bool:
    """Deploys under load, and their figures; true: all went well."""
    figures = Figures()
    try:
        invoke(lab, "deploy", say=False)
        for number in range(1, options.count + 1):
            run_round(lab, number, options.clients, options.path, figures)
    except KeyboardInterrupt:
        print("soak: interrupted; the figures are those of the rounds until now")
    _print_figures(figures, options)
    return bool(figures.seconds) and not figures.faults


def run_round(lab: Lab, number: int, clients: int, path: str, figures: Figures) -> None:
    """Push a revision, deploy it under load, and ask every web host what it has loaded."""
    revision = lab.commit(f"Round {number}")
    began = time.monotonic()
    fault = ""
    with ExitStack() as stack:
        limits = {"clients": clients, "pause": 0.01, "seconds": 900, "requests": 10_000_000}
        loads = [stack.enter_context(lab.load(host, path, **limits)) for host in WEB_HOSTS]
        try:
            invoke(lab, "deploy", say=False)
        except subprocess.CalledProcessError as error:
            fault = f"round {number}: exit code {error.returncode}\n{error.stdout}"
    figures.seconds.append(time.monotonic() - began)
    figures.lost.append(sum(sum(load.failed.values()) for load in loads))
    figures.outcomes.update(sum((load.outcomes for load in loads), Counter()))
    fault = fault or _old_code(lab, revision)
    if fault:
        figures.faults.append(fault)
    print(
        f"soak: round {number}: {figures.seconds[-1]:.1f} s, {sum(load.total for load in loads)}"
        f" requests, {figures.lost[-1]} failed{'; ' + fault.splitlines()[0] if fault else ''}",
        flush=True,
    )


def _old_code(lab: Lab, revision: str) -> str:
    wanted = lab.number(revision)
    for host in WEB_HOSTS:
        answered = {lab.get(host, "/api/revision").json()["revision"] for _ in range(12)}
        if answered != {wanted}:
            return f"{host} answers with revision {answered}, not {wanted}"
    return ""


def _print_figures(figures: Figures, options: argparse.Namespace) -> None:
    seconds, lost, total = figures.seconds, figures.lost, figures.outcomes.total()
    if not seconds:
        return
    kinds = ", ".join(f"{kind}: {count}" for kind, count in figures.outcomes.most_common())
    rows = [
        ("deploys", f"{len(seconds)}, of which {len(figures.faults)} failed"),
        ("seconds", f"{min(seconds):.1f} to {max(seconds):.1f}, median {median(seconds):.1f}"),
        ("load", f"{options.clients} clients a web host, {options.path}"),
        ("requests", f"{total}: {kinds}"),
        ("failed", f"{sum(lost)}, {1e6 * sum(lost) / max(1, total):.0f} in a million"),
        ("failed in a deploy", f"{min(lost)} to {max(lost)}, median {median(lost):g}"),
    ]
    print()
    print_table((f"ActionHero {options.app}", "figure"), rows, "terminal")
    for fault in figures.faults:
        print(f"\n{fault}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/soak",
        description="Repeats the lab's deploy under counted load, kills it, or crowds it.",
    )
    parser.add_argument("--app", type=int, choices=(14, 18, 29), default=18)
    parser.add_argument("--strategy", choices=("in_place", "releases"), default="releases")
    parser.add_argument("--count", type=int, default=10, help="deploys (default: 10)")
    parser.add_argument("--clients", type=int, default=2, help="a web host (default: 2)")
    parser.add_argument("--path", default="/api/revision", help="what the clients ask for")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 at so many random instants")
    parser.add_argument("--seed", type=int, default=1, help="of those instants (default: 1)")
    parser.add_argument("--points", action="store_true", help="kill -9 at each named point")
    parser.add_argument("--controllers", type=int, default=0, help="so many deploy at once")
    parser.add_argument("--rounds", type=int, default=1, help="how often they do (default: 1)")
    parser.add_argument("--root", type=Path, default=Path("/tmp/ahsoak"), help="directory")
    parser.add_argument("--subnet", type=int, default=Site().subnet + 1, help="127.0.SUBNET.x")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
