"""What a run came to: each host's state, and its failures, as events and as errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deploy import events
from deploy.errors import DeployError, ExitCode
from deploy.facts import Answer


@dataclass(slots=True)
class Result:
    """What a run came to: the state of each host, and what failed."""

    hosts: dict[str, str] = field(default_factory=dict)
    """By host: `done`, `unchanged`, `old` (went back or was never touched) or `unknown`; and, where
    a plan has no way back, `failed` or `untouched`."""
    failures: list[events.HostFailed] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.DONE
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    """By host: what its steps reported by name."""
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)
    """By host: what it answered to the questions behind its steps."""
    proved_after: float | None = None
    """Seconds from the command's beginning until every host was proved; None: they were not."""

    def take(self, host: str, values: Mapping[str, str], answers: Mapping[str, Answer]) -> None:
        """Keep what one script of a host told."""
        self.values.setdefault(host, {}).update(values)
        self.answers.setdefault(host, {}).update(answers)


def failure_of(error: DeployError) -> events.HostFailed:
    """An error as the event that tells it."""
    return events.HostFailed(error.host, error.step, error.message, error.hint, error.details)


def raise_first(errors: Iterable[DeployError]) -> None:
    """Raise the gravest of several errors, which then holds the others."""
    ordered = sorted(errors, key=lambda error: -error.exit_code)
    if not ordered:
        return
    first, *others = ordered
    first.others = (*first.others, *others)
    raise first
