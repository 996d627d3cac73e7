"""What a host has on record of runs: who holds its lock, and who deployed last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deploy.facts import Fact
from deploy.shell import call

LINES = 20
"""Newest lines of the history that are asked for."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds a host's lock; a part is empty where it is not known."""

    who: str = ""
    machine: str = ""
    """Where it was started."""
    since: str = ""
    """ISO 8601."""
    task: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class LastDeploy:
    """The newest run that was to change the code of a host."""

    at: str
    """ISO 8601."""
    who: str
    machine: str
    task: str
    run: str
    revision: str
    outcome: str
    """`done`, `unchanged` or `old`."""


def parse_lock(text: str) -> Holder | None:
    """Parse the answer of `show_lock`; None: the lock is free."""
    if not text.strip():
        return None
    one = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    words = {key: one.get(key, "") for key in ("who", "since", "task", "run")}
    return Holder(machine=one.get("from", ""), **words)


def parse_last_deploy(text: str) -> LastDeploy | None:
    """The newest line of the history that names a revision; None where there is none."""
    for line in reversed(text.splitlines()):
        one: dict[str, Any] = json.loads(line)
        if one.get("revision"):
            words = {
                key: str(one.get(key, ""))
                for key in ("at", "who", "task", "run", "revision", "outcome")
            }
            return LastDeploy(machine=str(one.get("from", "")), **words)
    return None


Lock: Fact[Holder | None] = Fact("lock", lambda layout: call("show_lock", layout.state), parse_lock)
Deploys: Fact[LastDeploy | None] = Fact(
    "deploys", lambda layout: call("show_history", layout.history, LINES), parse_last_deploy
)
