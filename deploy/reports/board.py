"""Where a run stands, host by host, as far as its events tell: what a live table shows.

Nothing here draws, and the clock is handed in: a recorded run has its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from deploy import events
from deploy.events import Event

State = Literal["waits", "works", "done", "failed"]
GATE = "watch_gate"
"""The step in which a batch is watched before the next one begins."""


@dataclass(slots=True)
class Row:
    """One host."""

    host: str
    state: State = "waits"
    step: str = ""
    """What it is in, or was last."""
    began: float = 0.0
    """When that began, in seconds of the clock."""
    ended: float | None = None
    tail: str = ""
    """The last line of what runs there."""

    def begin(self, step: str, now: float, state: State = "works") -> None:
        """It is in another step."""
        self.step, self.began, self.ended, self.state, self.tail = step, now, None, state, ""

    def end(self, now: float, state: State) -> None:
        """It is out of it."""
        self.ended, self.state = self.ended or now, state
        self.tail = self.tail if state == "failed" else ""


@dataclass(slots=True)
class Stage:
    """What the fleet is in."""

    name: str = "connect"
    batch: int = 1
    batches: int = 1
    began: float = 0.0
    batch_began: float = 0.0
    done: dict[int, bool] = field(default_factory=dict)
    """By batch: whether it went well."""
    note: str = ""
    """What concerns all: a pause."""


class Board:
    """Folds events into rows; `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.rows: dict[str, Row] = {}
        self.stage = Stage()
        self.began = clock()
        self.task = ""
        self.longest: tuple[float, str, str] = (0.0, "", "")
        """Seconds, step and host of the step of this batch that took longest."""

    @property
    def now(self) -> float:
        """Seconds of the clock."""
        return self._clock()

    @property
    def is_gated(self) -> bool:
        """A batch that serves is watched before the next one begins."""
        return any(row.step == GATE for row in self.rows.values() if row.state == "works")

    def count(self) -> Counter[State]:
        """How many hosts are in each state."""
        return Counter(row.state for row in self.rows.values())

    def take(self, event: Event) -> None:
        """Take one event into account."""
        fold: Callable[[Any], None] | None = getattr(
            self, f"_{events.event_name(type(event))}", None
        )
        if fold:
            fold(event)

    def _row(self, host: str) -> Row:
        """A host's row; the machine that deploys has none until it does something."""
        return self.rows.setdefault(host, Row(host, began=self.now))

    def _run_started(self, event: events.RunStarted) -> None:
        self.began, self.task = self.now, event.task
        self.stage = Stage(began=self.now)
        self.rows = {host: Row(host, "works", "connect", self.now) for host in event.hosts}

    def _host_connected(self, event: events.HostConnected) -> None:
        self._row(event.host).begin("ask", self.now)

    def _host_inspected(self, event: events.HostInspected) -> None:
        row = self._row(event.host)
        row.begin("", self.now, "waits")
        row.tail = event.summary

    def _stage_started(self, event: events.StageStarted) -> None:
        if event.stage != self.stage.name or event.batch == 1:
            self.stage = Stage(event.stage, began=self.now)
            for row in self.rows.values():
                if row.state != "failed":
                    row.begin("", self.now, "waits")
        self.stage.batch, self.stage.batches = event.batch, event.batches
        self.stage.batch_began, self.stage.note = self.now, ""
        self.longest = (0.0, "", "")
        for host in event.hosts:
            self._row(host).begin(event.stage, self.now)

    def _stage_finished(self, event: events.StageFinished) -> None:
        self.stage.done[event.batch] = not event.failed
        for row in self.rows.values():
            if row.state == "works":
                row.end(self.now, "done")

    def _step_started(self, event: events.StepStarted) -> None:
        self._row(event.host).begin(event.step, self.now)

    def _step_logged(self, event: events.StepLogged) -> None:
        if event.line.strip():
            self._row(event.host).tail = event.line

    def _step_noted(self, event: events.StepNoted) -> None:
        if event.host:
            self._row(event.host).tail = event.text
        elif event.step == "pause":
            self.stage.note = event.text

    def _step_finished(self, event: events.StepFinished) -> None:
        row = self._row(event.host)
        row.step = event.step
        row.ended = self.now
        self.longest = max(self.longest, (event.seconds, event.step, event.host))

    def _step_undone(self, event: events.StepUndone) -> None:
        row = self._row(event.host)
        row.begin(event.step, self.now)
        row.tail = "undone" if event.succeeded else "could not be undone"

    def _host_failed(self, event: events.HostFailed) -> None:
        if event.host:
            row = self._row(event.host)
            row.step = event.step or row.step
            row.end(self.now, "failed")
            row.tail = event.message
