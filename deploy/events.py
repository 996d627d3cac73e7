"""Everything that a run does, as frozen events; terminal, JSON lines and reports only draw them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["changed", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Event:
    """The root of all events; subclasses hold plain data only, never a secret."""

    def to_json(self) -> dict[str, Any]:
        """`{"event": "step_finished", …fields}`."""
        return {"event": event_name(type(self)), **asdict(self)}


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A task began."""

    run: str
    task: str
    environment: str
    hosts: tuple[str, ...]
    revision: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class HostConnected(Event):
    """A host answered and let us in."""

    host: str
    seconds: float


@dataclass(frozen=True, slots=True)
class LockTaken(Event):
    """The environment's lock is held on this host."""

    host: str


@dataclass(frozen=True, slots=True)
class HostInspected(Event):
    """A host told what it runs."""

    host: str
    seconds: float
    summary: str = ""


@dataclass(frozen=True, slots=True)
class FileCompared(Event):
    """A program's file on a host is not as it is to be."""

    host: str
    program: str
    destination: str
    verdict: str
    diff: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """What is going to be done, as data."""

    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A stage began on one batch of hosts."""

    stage: str
    batch: int
    batches: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageFinished(Event):
    """A stage ended on one batch of hosts."""

    stage: str
    batch: int
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A host began a step."""

    host: str
    stage: str
    step: str


@dataclass(frozen=True, slots=True)
class StepLogged(Event):
    """A line that a step's command printed."""

    host: str
    step: str
    line: str


@dataclass(frozen=True, slots=True)
class StepNoted(Event):
    """A step tells how it is getting on."""

    host: str
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something a person should know; repeated at the end of the run."""

    host: str
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class ValueReported(Event):
    """A step's result, by name."""

    host: str
    step: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A host ended a step."""

    host: str
    stage: str
    step: str
    outcome: Outcome
    seconds: float


@dataclass(frozen=True, slots=True)
class StepUndone(Event):
    """A host undid a step, or could not."""

    host: str
    step: str
    succeeded: bool


@dataclass(frozen=True, slots=True)
class FleetProved(Event):
    """Every host that was behind is proved, and, with a register, it is decided.

    What comes now is tidying up: what was before drains and stops, and locks are let go.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class CommitsListed(Event):
    """What the revision brings, or takes back, where hosts had another one before; newest first."""

    before: str
    hosts: tuple[str, ...]
    taken_back: bool
    count: int
    commits: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TrafficRead(Event):
    """What nginx's access log of a host tells of the cut-over; counts and times only."""

    host: str
    log: str
    problem: str = ""
    switches: tuple[dict[str, Any], ...] = ()
    width: int = 1
    first: int = 0
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class HostFailed(Event):
    """A host cannot go on: why, what to do next, and the last lines of what failed."""

    host: str
    step: str
    message: str
    hint: str = ""
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The end: exit code, one line for a person, and the state of each host."""

    run: str
    exit_code: int
    message: str
    seconds: float
    hosts: dict[str, str] = field(default_factory=dict)


Emit = Callable[[Event], None]


def event_name(kind: type[Event]) -> str:
    """The name of an event in JSON: `StepFinished` is `step_finished`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def event_kinds() -> dict[str, type[Event]]:
    """Every kind of event by its name, in the order of this file."""
    # A slotted dataclass replaces the class that was written: the later of the two counts.
    return {event_name(kind): kind for kind in Event.__subclasses__()}
