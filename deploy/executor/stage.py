"""One script on one host: its reports become events, and its end an outcome."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy import events
from deploy.errors import DeployError
from deploy.facts import Answer
from deploy.plan import Context, HostSteps, Step
from deploy.shell import Call, Line, compile_script
from deploy.transport import ChannelLost, Transport
from deploy.transport.wire import Item, LogLine, Report, run_script

TAIL = 20
"""Lines of a failed step that are shown again."""


@dataclass(slots=True)
class Outcome:
    """What became of one script on one host."""

    host: str
    ended: bool = False
    """The script said that all its steps are done."""
    lost: bool = False
    """The connection went away first: what the host did is not known."""
    failure: events.HostFailed | None = None
    undo_failed: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    """What its steps reported by name; `state` is what the host has come to: new or old."""

    @property
    def succeeded(self) -> bool:
        """Every step is done."""
        return self.ended and self.failure is None and not self.lost

    def read(self) -> Mapping[str, Answer]:
        """What the host answered. Raises DeployError where it failed."""
        if failure := self.failure:
            raise DeployError(
                failure.message,
                hint=failure.hint,
                host=failure.host,
                step=failure.step,
                details=failure.tail,
            )
        return self.answers


class StageRun:
    """Draws the items of one script as events, and keeps what the outcome needs."""

    def __init__(
        self, host: str, stage: str, emit: events.Emit, secrets: dict[str, str] | None = None
    ) -> None:
        self.outcome = Outcome(host)
        self._host = host
        self._stage = stage
        self._emit = emit
        self._masks = masks(secrets or {})
        self._tails: dict[str, deque[str]] = {}
        self._began: dict[str, float] = {}
        self._refusal: dict[str, str] = {}
        self._failed = ""

    def receive(self, item: Item) -> None:
        """Take one report or log line."""
        if isinstance(item, LogLine):
            self._log(item.step, item.text)
        else:
            handler = getattr(self, f"_on_{item.type}", None)
            if handler is None:
                self._log(item.step, f"{item.type}: {item.fields}")
            else:
                handler(item)

    def conclude(self, status: int | None) -> Outcome:
        """The outcome, given the exit status; None when the connection was lost."""
        self.outcome.lost = status is None
        if not self.outcome.ended:
            self.outcome.failure = self._failure(status)
        return self.outcome

    def _log(self, step: str, text: str) -> None:
        line = self._mask(text)
        self._tails.setdefault(step, deque(maxlen=TAIL)).append(line)
        self._emit(events.StepLogged(self._host, step, line))

    def _mask(self, text: str) -> str:
        for secret, mask in self._masks.items():
            text = text.replace(secret, mask)
        return text

    def _on_started(self, report: Report) -> None:
        self._began[report.step] = time.monotonic()
        self._emit(events.StepStarted(self._host, self._stage, report.step))

    def _on_noted(self, report: Report) -> None:
        text = self._mask(report.fields["text"])
        self._emit(events.StepNoted(self._host, report.step, text))

    def _on_warned(self, report: Report) -> None:
        self._emit(events.Warned(self._host, report.step, self._mask(report.fields["text"])))

    def _on_value(self, report: Report) -> None:
        key, text = report.fields["key"], self._mask(report.fields["text"])
        self.outcome.values[key] = text
        self._emit(events.ValueReported(self._host, report.step, key, text))

    def _on_fact(self, report: Report) -> None:
        answer = Answer(report.fields["text"], int(report.fields["code"]))
        self.outcome.answers[report.step] = answer

    def _on_refused(self, report: Report) -> None:
        self._refusal = report.fields
        self._failed = self._failed or report.step or self._stage

    def _on_locked(self, report: Report) -> None:
        self._refusal = {"text": "locked", "holder": report.fields["text"]}
        self._failed = self._stage

    def _on_finished(self, report: Report) -> None:
        outcome = _OUTCOMES[report.fields["outcome"]]
        if outcome == "failed":
            self._failed = report.step
            self._refusal.setdefault("code", report.fields.get("code", ""))
        elif outcome == "changed":
            self.outcome.changed.append(report.step)
        seconds = time.monotonic() - self._began.get(report.step, time.monotonic())
        self._emit(
            events.StepFinished(self._host, self._stage, report.step, outcome, round(seconds, 3))
        )

    def _on_undone(self, report: Report) -> None:
        succeeded = report.fields["outcome"] == "completed"
        self.outcome.undo_failed |= not succeeded
        self._emit(events.StepUndone(self._host, report.step, succeeded))

    def _on_ended(self, report: Report) -> None:
        self.outcome.ended = report.fields["outcome"] == "completed"

    def _failure(self, status: int | None) -> events.HostFailed:
        step = self._failed or next(reversed(self._began), "") or self._stage
        message = self._mask(self._refusal.get("text", "")) or self._plain_message(status)
        return events.HostFailed(
            self._host,
            step,
            message,
            self._mask(self._refusal.get("hint", "")),
            tuple(self._tails.get(step, ()) or self._tails.get("", ())),
        )

    def _plain_message(self, status: int | None) -> str:
        if status is None:
            return "the connection was lost; what the host did is not known"
        code = self._refusal.get("code") or str(status)
        return f"ended with exit code {code}"


def masks(secrets: Mapping[str, str]) -> dict[str, str]:
    """What to write in place of each text that must not show: a secret as a whole, and each line.

    Longest first: one that begins another must not uncover its rest.
    """
    found = {value: name for name, value in secrets.items() if len(value) > _SHORT}
    for name, value in secrets.items():
        for line in map(str.strip, value.split("\n")):
            if len("".join(line.split())) > _SHORT and not _ARMOUR.fullmatch(line):
                found.setdefault(line, name)
    return {text: f"«{found[text]}»" for text in sorted(found, key=len, reverse=True)}


_SHORT = 3
"""Characters; what is no longer would be found everywhere, and tells nothing when it is."""
_ARMOUR = re.compile(r"-{5}(BEGIN|END) [^-]*-{5}")
"""First and last line of a PEM text (RFC 7468): it says what the secret is, and is none."""
_OUTCOMES: dict[str, events.Outcome] = {
    "changed": "changed",
    "unchanged": "unchanged",
    "failed": "failed",
}


def compile_steps(steps: HostSteps, nonce: str, first: Sequence[Call] = ()) -> bytes:
    """The script of one host's stage; `first` are calls before the context's."""
    lines = [*(step.line() for step in steps.steps), *steps.questions]
    return compile_context(lines, steps.context, nonce, first)


def compile_context(
    lines: Sequence[Line],
    context: Context,
    nonce: str,
    first: Sequence[Call] = (),
    last: Sequence[Call] = (),
) -> bytes:
    """A script with a host's context; `first` and `last` are calls around its lines."""
    return compile_script(
        lines,
        nonce=nonce,
        path=context.path,
        environment=context.environment,
        before=[*first, *context.calls],
        after=last,
    )


def run_stage(transport: Transport, script: bytes, nonce: str, run: StageRun) -> Outcome:
    """Run one script to its end; a lost connection is an outcome, not an exception."""
    try:
        return run.conclude(run_script(transport, script, nonce, run.receive))
    except ChannelLost:
        return run.conclude(None)


def undo_steps(steps: HostSteps) -> HostSteps:
    """The way back from all of `steps`, last first."""
    back = tuple(
        Step(step.id, f"undo: {step.title}", step.undo)
        for step in reversed(steps.steps)
        if step.undo
    )
    context = replace(steps.context, calls=steps.context.back or steps.context.calls)
    return HostSteps(steps.host, back, context)
