"""What is going to be done, as plain data: steps in stages, stages in batches of hosts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.shell import Argument, Call, Line, Secret

CONTROLLER = ""
"""In place of a host's name: the machine that deploys, which has no part in what a run comes to."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change on one host: a verb, how to undo it, and words for a person."""

    id: str
    title: str
    call: Call
    undo: Call | None = None

    def line(self) -> Line:
        """The step as a line of a script."""
        return Line(self.id, self.call, self.undo)

    def to_json(self) -> dict[str, Any]:
        """Plain data; secrets are masked, so a plan can be shown but not replayed with them."""
        return {
            "id": self.id,
            "title": self.title,
            "call": [self.call.verb, *map(str, self.call.arguments)],
            "undo": self.undo and [self.undo.verb, *map(str, self.undo.arguments)],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Step:
        """The mirror of to_json."""
        undo = data["undo"]
        return cls(
            data["id"],
            data["title"],
            Call(data["call"][0], tuple(data["call"][1:])),
            Call(undo[0], tuple(undo[1:])) if undo else None,
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What every script of a host begins with."""

    calls: tuple[Call, ...] = ()
    """Calls before the first step: what the app is, on this host."""
    path: tuple[str, ...] = ()
    """Directories that go in front of PATH."""
    environment: dict[str, Argument] = field(default_factory=dict)
    """What the app's own commands find in their environment."""
    back: tuple[Call, ...] = ()
    """Calls that the way back begins with, in place of `calls`; none: the same."""
    stop: Call | None = None
    """Ends, from another channel, the stage that runs on the host."""

    @property
    def secrets(self) -> dict[str, str]:
        """Secret values by name, for masking what commands print."""
        every = [*self.environment.values(), *(a for one in self.calls for a in one.arguments)]
        return {a.name: a.value for a in every if isinstance(a, Secret)}


@dataclass(frozen=True, slots=True)
class HostSteps:
    """The steps of one stage on one host, in order."""

    host: str
    steps: tuple[Step, ...]
    context: Context = Context()
    questions: tuple[Line, ...] = ()
    """Facts that are asked behind the steps, by the same script."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Hosts that go at the same time."""

    hosts: tuple[HostSteps, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One script a host: `prepare` on all hosts, `activate` batch by batch."""

    name: str
    batches: tuple[Batch, ...]
    pause: int = 0
    """Seconds between two batches."""
    max_failures: int = 0
    """Failed hosts up to which the next batch still goes; any failure brings all hosts back."""
    is_final: bool = False
    """What it did on one host is not undone because another failed: that one is unknown then."""
    proves: bool = False
    """Once it is done, every host of the plan is proved."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole of a run, before anything of it was done."""

    environment: str
    strategy: str
    revision: str
    stages: tuple[Stage, ...]
    warnings: tuple[str, ...] = ()
    returns_at_once: bool = False
    """All hosts go back at the same time, not batch by batch."""
    release: str = ""
    """Name of the release that goes live; empty in place."""
    other_names: dict[str, str] = field(default_factory=dict)
    """What it is called on hosts, by name, that got its revision by another run."""

    def release_on(self, host: str) -> str:
        """The release's name on that host."""
        return self.other_names.get(host, self.release)

    def steps(self) -> Iterator[tuple[Stage, str, Step]]:
        """Every step with its stage and host, in the order of the plan."""
        for stage in self.stages:
            for batch in stage.batches:
                for steps in batch.hosts:
                    yield from ((stage, steps.host, step) for step in steps.steps)

    @property
    def is_empty(self) -> bool:
        """There is nothing to do."""
        return next(self.steps(), None) is None

    @property
    def is_reversible(self) -> bool:
        """Some step can be undone, so that a failure brings the hosts back."""
        return any(step.undo for _, _, step in self.steps())

    def to_json(self) -> dict[str, Any]:
        """Plain data, for events and `--output json`."""
        return {
            "environment": self.environment,
            "strategy": self.strategy,
            "revision": self.revision,
            "warnings": list(self.warnings),
            "returns_at_once": self.returns_at_once,
            "release": self.release,
            "other_names": self.other_names,
            "stages": [_stage_json(stage) for stage in self.stages],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The mirror of to_json."""
        return cls(
            data["environment"],
            data["strategy"],
            data["revision"],
            tuple(_stage_from(stage) for stage in data["stages"]),
            tuple(data["warnings"]),
            data["returns_at_once"],
            data["release"],
            data["other_names"],
        )

    @property
    def fingerprint(self) -> str:
        """The same for the same plan; secrets take no part in it."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _stage_json(stage: Stage) -> dict[str, Any]:
    batches = [
        {steps.host: [step.to_json() for step in steps.steps] for steps in batch.hosts}
        for batch in stage.batches
    ]
    return {
        "name": stage.name,
        "pause": stage.pause,
        "max_failures": stage.max_failures,
        "is_final": stage.is_final,
        "proves": stage.proves,
        "batches": batches,
    }


def _stage_from(data: dict[str, Any]) -> Stage:
    batches = tuple(
        Batch(tuple(HostSteps(h, tuple(map(Step.from_json, steps))) for h, steps in batch.items()))
        for batch in data["batches"]
    )
    words = ("name", "pause", "max_failures", "is_final", "proves")
    return Stage(batches=batches, **{word: data[word] for word in words})
