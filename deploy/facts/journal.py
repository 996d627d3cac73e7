"""What the last run did on a host by its journal, and what of it was left unfinished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.facts import Fact
from deploy.shell import call


@dataclass(frozen=True, slots=True)
class JournalState:
    """The last run that was on its way to a revision on this host."""

    run: str = ""
    """Empty where there was none."""
    revision: str = ""
    release: str = ""
    """Name of the release that it made; empty in place."""
    outcome: str = ""
    """How it ended here; empty where nobody wrote that down: it was cut off."""
    unfinished: tuple[str, ...] = ()
    """Steps that were started, and neither finished nor undone."""

    @property
    def is_cut_off(self) -> bool:
        """The run began here, and nobody saw it end."""
        return bool(self.run) and not self.outcome


def parse_journal(text: str) -> JournalState:
    """Parse the answer of `show_journal`: JSON objects a line, all of one run."""
    lines = list(_lines(text))
    target = next((one for one in reversed(lines) if one["event"] == "entered"), None)
    if target is None:
        return JournalState()
    started = dict.fromkeys(one["step"] for one in lines if one["event"] == "started")
    over = {one["step"] for one in lines if one["event"] in ("finished", "undone")}
    return JournalState(
        target["run"],
        target["revision"],
        target["release"],
        next((one["outcome"] for one in reversed(lines) if one["event"] == "ended"), ""),
        tuple(step for step in started if step not in over),
    )


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """Those that are whole: a full disk or a crash cuts one off."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


Journal: Fact[JournalState] = Fact(
    "journal", lambda layout: call("show_journal", layout.journal), parse_journal
)
