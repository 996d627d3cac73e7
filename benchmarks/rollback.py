"""How long a way back takes while the release before is warm: docs/performance.md, "The way back".

`python -m benchmarks.rollback [--app 18] [--rounds 5] [--root /tmp/ahroll] [--subnet 11]`
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.accounting import text_table
from tests.deploys.harness import Running, Said, invoke
from tests.lab import Lab
from tests.lab.controller import heed_sigterm
from tests.lab.demo import WEB_HOSTS
from tests.lab.releases import confirmed

HEADINGS = (
    "fleet", "rollbacks", "proved after", "locked", "web hosts", "worker", "decided", "command",
)  # fmt: skip
"""Seconds from the task's first line until so far; `command` by the clock on the wall."""


@dataclass(frozen=True, slots=True)
class Round:
    """One rollback: seconds from the task's first line, save `command`."""

    proved: float
    """As the command itself says it."""
    locked: float
    """All locks are held, and every host has told its records."""
    web: float
    """Every web host was proved through its nginx."""
    worker: float | None
    """The worker host has booted and was proved; None where the fleet has none."""
    decided: float
    """The register says commit."""
    command: float
    """The whole process, with the interpreter's start, and with what was before stopped."""


def main() -> int:
    """Measure and print; 1 when a rollback failed."""
    options = _options()
    heed_sigterm()
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.1f} at the start, {options.rounds} rounds, app {options.app}\n",
        flush=True,
    )
    lab = Lab(options.root, options.app, options.subnet, "releases")
    try:
        lab.up()
        releases = _prepare(lab)
        rows = [
            _row(name, [_take(lab, environment, releases) for _ in range(options.rounds)])
            for name, environment in (("with a worker host", "lab"), ("web hosts only", "web"))
        ]
    finally:
        lab.down()
    print(text_table(HEADINGS, rows))
    return 0


def _prepare(lab: Lab) -> tuple[str, str]:
    """Two releases, the first of them warm on the web hosts; their names.

    `web` is the same fleet without its worker host.
    """
    document = yaml.safe_load((lab.site.inventory / "lab.yml").read_text())
    document |= {"warm": "1h", "rollout": {"gate": {"seconds": 0}}}
    (lab.site.inventory / "lab.yml").write_text(yaml.safe_dump(document))
    names = []
    for _ in range(2):
        lab.commit("Something new")
        _run(lab, "deploy", "lab")
        names.append(confirmed(lab, WEB_HOSTS[0]))
    document["hosts"] = {name: document["hosts"][name] for name in WEB_HOSTS}
    (lab.site.inventory / "web.yml").write_text(yaml.safe_dump(document))
    return names[0], names[1]


def _take(lab: Lab, environment: str, releases: tuple[str, str]) -> Round:
    """To the one of the two that is warm; the other one is warm then."""
    (wanted,) = set(releases) - {confirmed(lab, WEB_HOSTS[0])}
    began = time.monotonic()
    said = _run(lab, "rollback", environment, "--yes", "--to", wanted)
    taken = _read(said, time.monotonic() - began)
    print(taken, f"load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return taken


def _run(lab: Lab, task: str, environment: str, *flags: str) -> Said:
    """A task to its end. Raises RuntimeError with all that it said when it fails."""
    words = (task, "--env", environment, *flags, "--output", "json")
    said = Running(invoke(words, lab.environment)).finish()
    if said.code:
        raise RuntimeError(f"{task} ended with {said.code}:\n{said.text}")
    return said


def _read(said: Said, command: float) -> Round:
    """What the events of a rollback say."""
    (proved,) = said.events("fleet_proved")
    zero = _at(proved) - proved["seconds"]
    finished = said.events("step_finished")
    booted = [_at(e) - zero for e in finished if _is(e, "boot_release") and e["host"] == "jobs1"]
    return Round(
        proved["seconds"],
        max(_at(event) for event in said.events("lock_taken")) - zero,
        max(_at(event) for event in finished if _is(event, "prove_front")) - zero,
        booted[0] if booted else None,
        max(_at(event) for event in finished if _is(event, "decide_switch")) - zero,
        command,
    )


def _is(event: dict[str, Any], step: str) -> bool:
    return bool(event["step"] == step)


def _at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def _row(name: str, rounds: Sequence[Round]) -> tuple[str, ...]:
    """The medians; of `proved after` the shortest and the longest as well."""

    def middle(*values: float | None) -> str:
        known = [value for value in values if value is not None]
        return f"{median(known):.2f}" if known else "-"

    proved = sorted(one.proved for one in rounds)
    return (
        name,
        str(len(rounds)),
        f"{middle(*proved)} ({proved[0]:.2f} to {proved[-1]:.2f})",
        middle(*(one.locked for one in rounds)),
        middle(*(one.web for one in rounds)),
        middle(*(one.worker for one in rounds)),
        middle(*(one.decided for one in rounds)),
        middle(*(one.command for one in rounds)),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollback", description=__doc__)
    parser.add_argument("--app", type=int, choices=(14, 18, 29), default=18, help="major version")
    parser.add_argument("--rounds", type=int, default=5, help="rollbacks of each fleet")
    parser.add_argument("--root", type=Path, default=Path("/tmp/ahroll"), help="directory")
    parser.add_argument("--subnet", type=int, default=11, help="127.0.SUBNET.x")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
