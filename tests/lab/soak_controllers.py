"""The soak's crowd: many controllers deploy to one environment at once. One goes at a time; the
others say who holds the lock, or wait for it, first come, first served.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from deploy.errors import ExitCode
from deploy.reports.tables import print_table
from tests.deploys.harness import Running, Said
from tests.lab.kills import Stand
from tests.lab.lab import Lab
from tests.lab.soak_kills import make_stand

_SECONDS = 700
"""The longest that one of a crowd may take: it waits for the others."""
_HOLDER = re.compile(r"locked by \S+ from \S+ since \S+ for deploy")


@dataclass(frozen=True, slots=True)
class Turn:
    """The time in which one run held the lock of the first host."""

    began: datetime
    """Before it asked for the lock; or, when it had to wait, once it had its ticket."""
    taken: datetime
    ended: datetime
    ticket: int
    """Its place in the queue; 0: it did not wait."""


@dataclass(slots=True)
class Crowd:
    """What the rounds came to."""

    codes: dict[str, Counter[int]] = field(
        default_factory=lambda: {"at once": Counter(), "with --wait 10m": Counter()}
    )
    faults: list[str] = field(default_factory=list)


def deploy_at_once(lab: Lab, controllers: int, rounds: int) -> bool:
    """Deploys from so many controllers, without and with --wait, `rounds` times; true: all well."""
    crowd = Crowd()
    with TemporaryDirectory() as directory:
        stands = [make_stand(lab, Path(directory) / str(n)) for n in range(controllers)]
        stands[0].deploy()
        for number in range(1, rounds + 1):
            for way, flags in (("at once", ()), ("with --wait 10m", ("--wait", "10m"))):
                faults = _round(stands, flags, crowd.codes[way])
                crowd.faults += [f"round {number} {way}: {fault}" for fault in faults]
                print(f"soak: round {number} {way}: {'; '.join(faults) or 'right'}", flush=True)
    rows = [(f"exit codes {way}", _counts(codes)) for way, codes in crowd.codes.items()]
    rows.append(("faults", str(len(crowd.faults))))
    print()
    print_table((f"{controllers} controllers, {rounds} rounds", "figure"), rows, "terminal")
    return not crowd.faults


def _round(stands: Sequence[Stand], flags: Sequence[str], codes: Counter[int]) -> list[str]:
    revision = stands[0].lab.commit("for everybody")
    running = [stand.controller.start("deploy", *flags, seconds=_SECONDS) for stand in stands]
    said = _finish(running)
    codes.update(one.code for one in said)
    turns = sorted((t for one in said if (t := turn(one))), key=lambda t: t.taken)
    faults = [*judge_codes(said, waits=bool(flags)), *judge_turns(turns)]
    serving, wanted = stands[0].controller.serving(), stands[0].lab.number(revision)
    return faults if serving == wanted else [*faults, f"{serving} serves, not {wanted}"]


def _finish(running: Sequence[Running]) -> list[Said]:
    """Every run's words; all are read at once, so that none waits for a reader."""
    found: dict[int, Said] = {}

    def read(number: int, one: Running) -> None:
        found[number] = one.finish()

    with ExitStack() as stack:
        for number, one in enumerate(running):
            thread = Thread(target=read, args=(number, one))
            thread.start()
            stack.callback(thread.join)
    return [found[number] for number in range(len(running))]


def judge_codes(said: Iterable[Said], *, waits: bool) -> list[str]:
    """What is wrong with how they ended: 0; or 4, with the holder's name, where nobody waits."""
    faults = []
    for one in said:
        if one.code == ExitCode.LOCKED and not waits:
            messages = [failure["message"] for failure in one.events("host_failed")]
            if not any(_HOLDER.match(message) for message in messages):
                faults.append(f"it does not say who holds the lock: {messages}")
        elif one.code != 0:
            faults.append(f"exit code {one.code}: {one.lines[-1] if one.lines else 'no word'}")
    return faults


def turn(said: Said) -> Turn | None:
    """When a run held the lock; None when it never did."""
    taken = [e for e in said.events("lock_taken") if e["host"] == _FIRST]
    if not taken:
        return None
    waits = [e for e in said.events("step_noted") if "waiting for the lock" in e["text"]]
    began = waits or said.events("run_started")
    ticket = int(_TICKET.findall(waits[0]["text"])[0]) if waits else 0
    return Turn(_time(began[0]), _time(taken[0]), _time(said.end), ticket)


def judge_turns(turns: Sequence[Turn]) -> list[str]:
    """What is wrong with runs in the order in which they held the lock."""
    faults = []
    for one, after in itertools.pairwise(turns):
        if after.taken < one.ended:
            faults.append(f"two held the lock at once, from {after.taken} to {one.ended}")
        if after.ticket and after.began < one.began and not 0 < one.ticket < after.ticket:
            faults.append(f"ticket {one.ticket} went before ticket {after.ticket}")
    return faults


_FIRST = "jobs1"
"""The host that decides between two runs: the first in sorted order."""
_TICKET = re.compile(r"ticket (\d+)")


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


def _counts(codes: Counter[int]) -> str:
    return ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
