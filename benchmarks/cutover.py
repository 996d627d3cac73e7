"""What users lose while code is put live: the table of docs/performance.md, "The cut-over".

`python -m benchmarks.cutover [--rounds 10] [--lossy-rounds 3] [--apps 14,18,29]
[--contestants notes,pm2,in_place,releases] [--minutes 90]`
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from websockets.exceptions import WebSocketException

from benchmarks.accounting import HEADINGS, Row, text_table
from benchmarks.contestants import CONTESTANTS, Contestant, NotThereError
from benchmarks.traffic import Traffic
from tests.lab import Lab
from tests.lab.controller import heed_sigterm
from tests.lab.demo import WEB_HOSTS

_APPS = (14, 18, 29)
_FAULTS = (RuntimeError, OSError, subprocess.SubprocessError, WebSocketException)


def main() -> int:
    """Measure and print; 1 when a round failed, 130 when interrupted."""
    options = _options()
    heed_sigterm()
    end = time.monotonic() + 60 * options.minutes
    print(
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load"
        f" {os.getloadavg()[0]:.1f} at the start, {options.rounds} rounds at most\n",
        flush=True,
    )
    rows: list[Row] = []
    try:
        for app in options.apps:
            _measure_app(app, options, end, rows)
    except KeyboardInterrupt:
        _print(rows)
        return 130
    _print(rows)
    return int(any(row.fault for row in rows))


def _measure_app(app: int, options: argparse.Namespace, end: float, rows: list[Row]) -> None:
    """A lab for the app, and every contestant on its hosts, bare again each time."""
    lab = Lab(options.root, app, options.subnet)  # type: ignore[arg-type]
    try:
        lab.up()
        for contestant in options.contestants:
            lab.reset()
            lossless = contestant.rollback is not None
            rounds = options.rounds if lossless else min(options.rounds, options.lossy_rounds)
            _measure(lab, contestant, rounds, end, rows)
    finally:
        lab.down()


def _measure(lab: Lab, contestant: Contestant, rounds: int, end: float, rows: list[Row]) -> None:
    """Add the contestant's rows: of its deploys, and of its rollbacks where it has them."""
    app = lab.site.app
    deploys = Row(contestant.name, app, remark=contestant.remarks.get(app, ""))
    rows.append(deploys)
    try:
        contestant.install(lab)
    except NotThereError as error:
        deploys.remark = str(error)
        return
    except _FAULTS as error:
        deploys.broken = f"the first start: {_words(error)}"
        return
    mine = [deploys]
    if contestant.rollback:
        mine.append(Row(f"{contestant.name}, rollback", app))
        rows.append(mine[1])
    for number in range(1, rounds + 1):
        if time.monotonic() > end:
            deploys.remark = f"out of time after {number - 1} of {rounds} rounds. {deploys.remark}"
            return
        _take_both(lab, contestant, mine, number)
        if any(row.fault for row in mine):
            return


def _take_both(lab: Lab, contestant: Contestant, rows: list[Row], number: int) -> None:
    """One more deploy, and its rollback where there is one."""
    old = str(lab.get(WEB_HOSTS[0], "/api/revision").json()["revision"])
    new = lab.number(lab.commit(f"Round {number}"))
    _take(lab, rows[0], contestant.deploy, old, new)
    if contestant.rollback and not rows[0].fault:
        _take(lab, rows[1], contestant.rollback, new, old)


def _take(lab: Lab, row: Row, act: Callable[[Lab], None], old: str, wanted: str) -> None:
    """One round more of the row."""
    fault = ""
    try:
        with Traffic(lab) as traffic:
            try:
                act(lab)
            except _FAULTS as error:
                fault = _words(error)
            traffic.note_end()
            fault = fault or traffic.settle(wanted)
    except _FAULTS as error:  # of the traffic itself: there is nothing to count
        row.broken = f"round {len(row.rounds) + 1}: {_words(error)}"
        return
    row.rounds.append(traffic.round(old, fault))
    cells = zip(HEADINGS, row.cells(), strict=True)
    said = ", ".join(f"{heading}: {cell}" for heading, cell in cells)
    print(f"{said}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    if fault:
        print(fault, file=sys.stderr, flush=True)


def _words(error: Exception) -> str:
    """The error, and what the program said whose exit code it is."""
    said = error.stdout if isinstance(error, subprocess.CalledProcessError) else ""
    return f"{error}\n{said or ''}".strip()


def _print(rows: list[Row]) -> None:
    print(text_table(HEADINGS, [row.cells() for row in rows]))
    for row in rows:
        if row.remark:
            print(f"\n{row.contestant}, {row.app}: {row.remark}")
        if row.fault:
            print(f"\n{row.contestant}, {row.app}: FAILED in {row.fault}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cutover", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="deploys (default: 10)")
    parser.add_argument(
        "--lossy-rounds",
        type=int,
        default=3,
        help="of those who promise nothing: what they lose shows soon (default: 3)",
    )
    parser.add_argument("--apps", type=_apps, default=_APPS, help="majors (default: 14,18,29)")
    parser.add_argument(
        "--contestants",
        type=_contestants,
        default=tuple(CONTESTANTS.values()),
        help=f"default: {','.join(CONTESTANTS)}",
    )
    parser.add_argument("--minutes", type=float, default=90, help="no further round after that")
    parser.add_argument("--root", type=Path, default=Path("/tmp/ahcut"), help="directory")
    parser.add_argument("--subnet", type=int, default=10, help="127.0.SUBNET.x")
    return parser.parse_args()


def _apps(text: str) -> tuple[int, ...]:
    apps = tuple(int(word) for word in text.split(","))
    if not set(apps) <= set(_APPS):
        raise argparse.ArgumentTypeError(f"the lab has {', '.join(map(str, _APPS))}")
    return apps


def _contestants(text: str) -> tuple[Contestant, ...]:
    try:
        return tuple(CONTESTANTS[name] for name in text.split(","))
    except KeyError as error:
        raise argparse.ArgumentTypeError(
            f"no contestant {error}: {', '.join(CONTESTANTS)}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
