"""The fold: a record's events, each with its time, become what a page can be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from deploy import events
from deploy.errors import ExitCode
from deploy.plan import CONTROLLER
from deploy.reports.records import Timed

Kind = Literal["look", "prepare", "activate", "gate", "settle", "undo", "failed"]
HERE = "(here)"
"""What the machine that deploys is called on the page."""

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("activate", "install", "reload", "decide"), "activate"),
    **dict.fromkeys(("confirm", "after", "forget"), "settle"),
    "go back": "undo",
}
"""Of a stage's steps; those of all others prepare."""
_PARTS = ("look", "prepare", "activate", "gate", "settle", "undo", "failed")


@dataclass(frozen=True, slots=True)
class Bar:
    """One step on one host; seconds since the run began."""

    host: str
    stage: str
    step: str
    start: float
    end: float
    kind: Kind
    outcome: str
    """`changed`, `unchanged`, `failed`, `undone`, `not undone`, `cut off`, or `looked`."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


@dataclass(slots=True)
class Band:
    """A stage on one batch, or the pause before the next."""

    name: str
    start: float
    end: float | None = None
    hosts: tuple[str, ...] = ()
    is_pause: bool = False


@dataclass(slots=True)
class Story:
    """A run, as far as its record tells."""

    started: datetime
    run: str = ""
    task: str = ""
    environment: str = ""
    revision: str = ""
    who: str = ""
    hosts: dict[str, str] = field(default_factory=dict)
    """By host: its end; empty where nothing is known of it."""
    bars: list[Bar] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    commits: list[events.CommitsListed] = field(default_factory=list)
    files: list[events.FileCompared] = field(default_factory=list)
    traffic: list[events.TrafficRead] = field(default_factory=list)
    failures: list[events.HostFailed] = field(default_factory=list)
    warnings: list[events.Warned] = field(default_factory=list)
    notes: list[events.StepNoted] = field(default_factory=list)
    proved: float | None = None
    """When every host was proved, in seconds since the run began."""
    proved_after: float | None = None
    """The same since the command began, as the run itself tells it."""
    finish: events.RunFinished | None = None
    """None where the run was cut off."""
    end: float = 0.0

    @property
    def state(self) -> Literal["done", "failed", "unknown", "cut off"]:
        """How it ended, in a word."""
        if self.finish is None:
            return "cut off"
        if self.finish.exit_code == ExitCode.DONE:
            return "done"
        return "unknown" if self.finish.exit_code == ExitCode.UNKNOWN else "failed"

    @property
    def lanes(self) -> list[str]:
        """Every host of which there is a bar or an end, in the order of the run."""
        return list(dict.fromkeys([*self.hosts, *(bar.host for bar in self.bars)]))

    @property
    def parts(self) -> list[str]:
        """The kinds of bars that there are, in the order of a run."""
        found = {bar.kind for bar in self.bars}
        return [one for one in _PARTS if one in found]


def tell(timed: Sequence[Timed]) -> Story:
    """The whole story of a record that holds at least one event."""
    first = min(at for at, _ in timed)
    teller = _Teller(Story(first))
    for at, event in timed:
        teller.take((at - first).total_seconds(), event)
    return teller.conclude()


class _Teller:
    """Takes events one by one."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._open: dict[tuple[str, str], tuple[float, str]] = {}
        self._last: dict[str, float] = {}
        self._connected: dict[str, float] = {}

    def take(self, at: float, event: events.Event) -> None:
        name = f"_{events.event_name(type(event))}"
        handle: Callable[[float, Any], None] | None = getattr(self, name, None)
        if handle:
            handle(at, event)
        if host := getattr(event, "host", ""):
            self._last[host] = at
        self._story.end = max(self._story.end, at)

    def conclude(self) -> Story:
        """What is still open was cut off with the run."""
        story = self._story
        for (host, step), (start, stage) in self._open.items():
            self._bar(host, stage, step, start, story.end, "cut off")
        for band in story.bands:
            band.end = self._end_of(band) if band.end is None else band.end
        return story

    def _end_of(self, band: Band) -> float:
        ends = (bar.end for bar in self._story.bars if bar.host in band.hosts)
        return max((end for end in ends if end >= band.start), default=self._story.end)

    def _bar(
        self, host: str, stage: str, step: str, start: float, end: float, outcome: str
    ) -> None:
        kind = _kind(stage, step, outcome)
        name = HERE if host == CONTROLLER else host
        self._story.bars.append(Bar(name, stage, step, max(0.0, start), end, kind, outcome))

    def _run_started(self, _: float, event: events.RunStarted) -> None:
        story = self._story
        story.run, story.task, story.environment = event.run, event.task, event.environment
        story.revision, story.who = event.revision, event.who
        story.hosts = dict.fromkeys(event.hosts, "")

    def _host_connected(self, at: float, event: events.HostConnected) -> None:
        self._connected.setdefault(event.host, at)
        self._bar(event.host, "connect", "connect", at - event.seconds, at, "looked")

    def _host_inspected(self, at: float, event: events.HostInspected) -> None:
        start = self._connected.get(event.host, at)
        self._bar(event.host, "inspect", "inspect", start, at, "looked")

    def _planned(self, _: float, event: events.Planned) -> None:
        self._story.plans.append(event.plan)

    def _stage_started(self, at: float, event: events.StageStarted) -> None:
        for band in self._story.bands:
            if band.is_pause and band.end is None:
                band.end = at
        of = f" {event.batch}/{event.batches}" if event.batches > 1 else ""
        self._story.bands.append(Band(event.stage + of, at, None, event.hosts))

    def _stage_finished(self, at: float, _: events.StageFinished) -> None:
        for band in self._story.bands:
            if band.end is None and not band.is_pause:
                band.end = at

    def _step_started(self, at: float, event: events.StepStarted) -> None:
        self._open[event.host, event.step] = at, event.stage

    def _step_finished(self, at: float, event: events.StepFinished) -> None:
        start, _ = self._open.pop((event.host, event.step), (at - event.seconds, ""))
        self._bar(event.host, event.stage, event.step, start, at, event.outcome)

    def _step_undone(self, at: float, event: events.StepUndone) -> None:
        outcome = "undone" if event.succeeded else "not undone"
        start = self._last.get(event.host, at)
        self._bar(event.host, "go back", event.step, start, at, outcome)

    def _step_noted(self, at: float, event: events.StepNoted) -> None:
        if event.step == "pause":
            self._story.bands.append(Band("pause", at, is_pause=True))
        self._story.notes.append(event)

    def _fleet_proved(self, at: float, event: events.FleetProved) -> None:
        self._story.proved, self._story.proved_after = at, event.seconds

    def _commits_listed(self, _: float, event: events.CommitsListed) -> None:
        self._story.commits.append(event)

    def _file_compared(self, _: float, event: events.FileCompared) -> None:
        self._story.files.append(event)

    def _traffic_read(self, _: float, event: events.TrafficRead) -> None:
        self._story.traffic.append(event)

    def _warned(self, _: float, event: events.Warned) -> None:
        self._story.warnings.append(event)

    def _host_failed(self, _: float, event: events.HostFailed) -> None:
        self._story.failures.append(event)

    def _run_finished(self, _: float, event: events.RunFinished) -> None:
        self._story.finish = event
        self._story.hosts |= event.hosts


def _kind(stage: str, step: str, outcome: str) -> Kind:
    if outcome in ("failed", "not undone", "cut off"):
        return "failed"
    if outcome == "looked":
        return "look"
    return "gate" if step == "watch_gate" else _KINDS.get(stage, "prepare")


def hosts_text(names: Iterable[str], every: int) -> str:
    """Names of hosts, or `all 3`."""
    found = list(names)
    return f"all {every}" if len(found) == every > 1 else ", ".join(found)
