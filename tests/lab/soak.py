"""The soak: one revision after the other, deployed to the lab under load, and what that cost.

`script/soak` runs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from deploy.reports.tables import print_table
from tests.lab import Lab
from tests.lab.controller import heed_sigterm, invoke
from tests.lab.demo import WEB_HOSTS
from tests.lab.site import Site


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
    """Run the rounds and print the figures; 1 when any deploy failed or left old code serving."""
    options = _options()
    heed_sigterm()
    figures = Figures()
    lab = Lab(options.root, options.app, options.subnet)
    try:
        lab.up()
        invoke(lab, "deploy", say=False)
        for number in range(1, options.count + 1):
            run_round(lab, number, options.clients, options.path, figures)
    except KeyboardInterrupt:
        print("soak: interrupted; the figures are those of the rounds until now")
    finally:
        lab.down()
    _print_figures(figures, options)
    return 1 if figures.faults or not figures.seconds else 0


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
        prog="script/soak", description="Repeats the lab's deploy under counted load."
    )
    parser.add_argument("--app", type=int, choices=(14, 18, 29), default=29)
    parser.add_argument("--count", type=int, default=10, help="deploys (default: 10)")
    parser.add_argument("--clients", type=int, default=2, help="a web host (default: 2)")
    parser.add_argument("--path", default="/api/revision", help="what the clients ask for")
    parser.add_argument("--root", type=Path, default=Path("/tmp/ahsoak"), help="directory")
    parser.add_argument("--subnet", type=int, default=Site().subnet + 1, help="127.0.SUBNET.x")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
