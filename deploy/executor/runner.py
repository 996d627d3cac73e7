"""Carries out a plan: stage by stage, batch by batch, and the way back when anything fails."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from deploy import events
from deploy.errors import DeployError, ExitCode
from deploy.executor.fleet import Fleet, Look
from deploy.executor.interrupts import Interrupts
from deploy.executor.lease import Lease
from deploy.executor.stage import (
    Outcome,
    StageRun,
    compile_context,
    compile_steps,
    run_stage,
    undo_steps,
)
from deploy.plan import Batch, HostSteps, Plan, Stage
from deploy.shell import Line


@dataclass(slots=True)
class Result:
    """What a run came to: the state of each host, and what failed."""

    hosts: dict[str, str] = field(default_factory=dict)
    """By host: `done`, `unchanged`, `old` (went back or was never touched) or `unknown`; and, where
    a plan has no way back, `failed` or `untouched`."""
    failures: list[events.HostFailed] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.DONE


class Runner:
    """Runs plans over a fleet whose locks are held."""

    def __init__(
        self,
        fleet: Fleet,
        emit: events.Emit,
        nonce: str,
        leases: Sequence[Lease] = (),
        interrupts: Interrupts | None = None,
    ) -> None:
        self._fleet = fleet
        self._emit = emit
        self._nonce = nonce
        self._leases = leases
        self._interrupts = interrupts or Interrupts()
        self._result = Result()
        self._done: list[Batch] = []
        self._changed: set[str] = set()
        self._stopped: set[str] = set()

    def carry_out(self, plan: Plan) -> Result:
        """Run every stage; with any failure, bring back what was already changed."""
        hosts = {host for _, host, _ in plan.steps()}
        self._result.hosts = dict.fromkeys(sorted(hosts), "old")
        for stage in plan.stages:
            for number, batch in enumerate(stage.batches, 1):
                if number > 1 and stage.pause:
                    self._pause(stage.pause)
                if not self._run_batch(stage, number, batch):
                    self._go_back()
                    return self._conclude_failure(plan)
        for host in hosts:
            self._result.hosts[host] = "done" if host in self._changed else "unchanged"
        return self._result

    def _run_batch(self, stage: Stage, number: int, batch: Batch) -> bool:
        """One stage on one batch; false when any host failed or the run was interrupted."""
        lost = [lease for lease in self._leases if lease.lost.is_set()]
        if lost or self._interrupts.first:
            if lost:
                self._fail(events.HostFailed("", stage.name, "the lock was lost", _LOCK_LOST))
            return False
        names = tuple(steps.host for steps in batch.hosts)
        self._emit(events.StageStarted(stage.name, number, len(stage.batches), names))
        outcomes = self._run(stage.name, batch, self._stop_when_interrupted(batch))
        self._done.append(_undoable(batch, outcomes))
        failed = tuple(name for name in names if not outcomes[name].succeeded)
        for name in failed:
            self._take_failure(batch, outcomes[name])
        self._emit(events.StageFinished(stage.name, number, failed))
        return not failed and not self._interrupts.first

    def _run(self, stage: str, batch: Batch, look: Look) -> dict[str, Outcome]:
        """Every host's outcome; an error before the script ran is an outcome, too."""
        work = {steps.host: steps for steps in batch.hosts}
        outcomes, errors = self._fleet.each(
            work, lambda host: self._run_host(stage, work[host]), look
        )
        for host, error in errors.items():
            outcomes[host] = Outcome(host, lost=True, failure=failure_of(error))
        for outcome in outcomes.values():
            if outcome.succeeded and outcome.changed:
                self._changed.add(outcome.host)
        return outcomes

    def _run_host(self, stage: str, steps: HostSteps) -> Outcome:
        run = StageRun(steps.host, stage, self._emit, steps.context.secrets)
        script = compile_steps(steps, self._nonce)
        return run_stage(self._fleet.transports[steps.host], script, self._nonce, run)

    def _stop_when_interrupted(self, batch: Batch) -> Look:
        """At the first signal, tell the hosts that still work to stop."""
        work = {steps.host: steps for steps in batch.hosts}

        def look(pending: Sequence[str]) -> None:
            if self._interrupts.first and not self._stopped:
                self._note("interrupted: each host stops, and puts back what it changed")
                self._stopped.update(pending)
                for host in pending:
                    self._fleet.start(lambda name: self._stop(work[name]), host)

        return look

    def _note_impatience(self) -> Look:
        """On the way back a further signal stops nothing; say so."""
        seen = max(1, self._interrupts.count)

        def look(pending: Sequence[str]) -> None:
            nonlocal seen
            if self._interrupts.count > seen:
                seen = self._interrupts.count
                self._note(f"{', '.join(pending)} still going back; once more gives up")

        return look

    def _note(self, text: str) -> None:
        self._emit(events.StepNoted("", "interrupt", text))

    def _stop(self, steps: HostSteps) -> None:
        """Tell a host, on another channel, to end the stage that it runs; it then unwinds."""
        if steps.context.stop is None:
            return
        line = Line("stop", steps.context.stop)
        script = compile_context([line], type(steps.context)(), self._nonce)
        run = StageRun(steps.host, "stop", _silent)
        run_stage(self._fleet.transports[steps.host], script, self._nonce, run)

    def _take_failure(self, batch: Batch, outcome: Outcome) -> None:
        """Report a failed host; one that was lost while it changed things is asked to go back."""
        steps = next(steps for steps in batch.hosts if steps.host == outcome.host)
        changes = bool(undo_steps(steps).steps)
        if outcome.failure:
            self._fail(self._explain(outcome, outcome.failure, changes))
        if outcome.lost and changes:
            self._result.hosts[outcome.host] = "unknown"
            self._reconnect(outcome.host)
            self._done.append(Batch((steps,)))
        elif outcome.undo_failed:
            self._result.hosts[outcome.host] = "unknown"

    def _explain(
        self, outcome: Outcome, failure: events.HostFailed, changes: bool
    ) -> events.HostFailed:
        """A failure with what only the runner knows: why, and what comes next."""
        if outcome.lost:
            return replace(failure, hint=failure.hint or (_GOING_BACK if changes else _UNTOUCHED))
        if outcome.host in self._stopped and not outcome.undo_failed:
            return replace(failure, message="interrupted", hint="", tail=())
        return failure

    def _reconnect(self, host: str) -> None:
        transport = self._fleet.transports[host]
        transport.close()
        try:
            self._fleet.connect(host)
        except DeployError as error:
            self._emit(failure_of(error))

    def _go_back(self) -> None:
        """Undo every batch that was changed, last first; errors leave a host unknown."""
        for batch in reversed(self._done):
            back = Batch(tuple(s for s in map(undo_steps, batch.hosts) if s.steps))
            if not back.hosts:
                continue
            names = tuple(steps.host for steps in back.hosts)
            self._emit(events.StageStarted("go back", 1, 1, names))
            for host, outcome in self._run("go back", back, self._note_impatience()).items():
                self._result.hosts[host] = "old" if outcome.succeeded else "unknown"
                if outcome.failure:
                    self._fail(outcome.failure)

    def _conclude_failure(self, plan: Plan) -> Result:
        if not plan.is_reversible:
            self._tell_apart()
        if "unknown" in self._result.hosts.values():
            self._result.exit_code = ExitCode.UNKNOWN
        elif self._interrupts.first:
            self._result.exit_code = self._interrupts.exit_code
        else:
            self._result.exit_code = ExitCode.FAILED
        return self._result

    def _tell_apart(self) -> None:
        """Where nothing goes back, some hosts are done, some failed, and some were not reached."""
        failed = {failure.host for failure in self._result.failures}
        for host, state in self._result.hosts.items():
            if state == "old":
                reached = "done" if host in self._changed else "untouched"
                self._result.hosts[host] = "failed" if host in failed else reached

    def _fail(self, failure: events.HostFailed) -> None:
        self._result.failures.append(failure)
        self._emit(failure)

    def _pause(self, seconds: int) -> None:
        self._emit(events.StepNoted("", "pause", f"waiting {seconds} s before the next batch"))
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._interrupts.first:
            time.sleep(0.2)


_GOING_BACK = "its way back is tried on a new connection"
_UNTOUCHED = "nothing live was touched there; see that the host is up, then deploy again"
_LOCK_LOST = "another run may hold it now; see who with `invoke status`, then run this again"


def _silent(_: events.Event) -> None:
    """What the way to a stop reports is nobody's concern: the stage itself tells how it ended."""


def _undoable(batch: Batch, outcomes: dict[str, Outcome]) -> Batch:
    return Batch(tuple(steps for steps in batch.hosts if outcomes[steps.host].succeeded))


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
