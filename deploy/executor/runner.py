"""Carries out a plan: stage by stage, batch by batch, and the way back when anything fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from deploy import events
from deploy.errors import DeployError, ExitCode
from deploy.executor import way_back
from deploy.executor.fleet import Fleet, Look
from deploy.executor.interrupts import Interrupts
from deploy.executor.lease import Lease
from deploy.executor.result import Result, failure_of
from deploy.executor.stage import (
    Outcome,
    StageRun,
    compile_context,
    compile_steps,
    run_stage,
    undo_steps,
)
from deploy.plan import CONTROLLER, Batch, HostSteps, Plan, Stage
from deploy.shell import Line


class Runner:
    """Runs plans over a fleet whose locks are held."""

    def __init__(
        self,
        fleet: Fleet,
        emit: events.Emit,
        nonce: str,
        leases: Sequence[Lease] = (),
        interrupts: Interrupts | None = None,
        began: float = 0.0,
    ) -> None:
        self._fleet = fleet
        self._emit = emit
        self._nonce = nonce
        self._leases = leases
        self._interrupts = interrupts or Interrupts()
        self._began = began
        self._result = Result()
        self._done: list[Batch] = []
        self._changed: set[str] = set()
        self._stopped: set[str] = set()
        self._left: set[str] = set()
        self._cut: set[str] = set()

    def carry_out(self, plan: Plan) -> Result:
        """Run every stage; with any failure, bring back what was already changed."""
        hosts = {host for _, host, _ in plan.steps()} - {CONTROLLER}
        self._result.hosts = dict.fromkeys(sorted(hosts), "old")
        for stage in plan.stages:
            for number, batch in enumerate(stage.batches, 1):
                if number > 1 and stage.pause:
                    self._pause(stage.pause)
                if not self._run_batch(stage, number, batch):
                    return self._turn_back(plan, stage)
            if self._result.failures:
                return self._turn_back(plan, stage)
            if stage.proves:
                self._tell_proof()
        for host in hosts:
            self._result.hosts[host] = "done" if host in self._changed else "unchanged"
        return self._result

    def _run_batch(self, stage: Stage, number: int, batch: Batch) -> bool:
        """One stage on one batch; false when any host failed or the run was interrupted."""
        lost = [lease for lease in self._leases if lease.lost.is_set()]
        if lost or self._interrupts.first:
            if lost:
                self._fail(way_back.lost_lock(stage.name))
            return False
        names = tuple(steps.host for steps in batch.hosts)
        self._emit(events.StageStarted(stage.name, number, len(stage.batches), names))
        outcomes = self._run(stage.name, batch, self._stop_when_interrupted(batch))
        self._done.append(way_back.undoable(batch, outcomes))
        failed = tuple(name for name in names if not outcomes[name].succeeded)
        for name in failed:
            self._take_failure(batch, outcomes[name])
        self._emit(events.StageFinished(stage.name, number, failed))
        is_enough = len(self._result.failures) > stage.max_failures
        return not self._interrupts.first and not (failed and is_enough)

    def _tell_proof(self) -> None:
        self._result.proved_after = round(time.monotonic() - self._began, 2)
        self._emit(events.FleetProved(self._result.proved_after))

    def _run(self, stage: str, batch: Batch, look: Look) -> dict[str, Outcome]:
        """Every host's outcome; an error before the script ran is an outcome, too."""
        work = {steps.host: steps for steps in batch.hosts}
        outcomes, errors = self._fleet.each(
            work, lambda host: self._run_host(stage, work[host]), look
        )
        for host, error in errors.items():
            outcomes[host] = Outcome(host, lost=True, failure=failure_of(error))
        for outcome in outcomes.values():
            self._result.take(outcome.host, outcome.values, outcome.answers)
            if outcome.succeeded and outcome.changed:
                self._changed.add(outcome.host)
        return outcomes

    def _run_host(self, stage: str, steps: HostSteps) -> Outcome:
        run = StageRun(steps.host, stage, self._emit, steps.context.secrets)
        script = compile_steps(steps, self._nonce)
        return run_stage(self._fleet.transport(steps.host), script, self._nonce, run)

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

    def _note(self, text: str, step: str = "interrupt") -> None:
        self._emit(events.StepNoted("", step, text))

    def _stop(self, steps: HostSteps) -> None:
        """Tell a host, on another channel, to end the stage that it runs; it then unwinds."""
        if steps.context.stop is None:
            return
        line = Line("stop", steps.context.stop)
        script = compile_context([line], type(steps.context)(), self._nonce)
        run = StageRun(steps.host, "stop", lambda _: None)  # the stage itself tells how it ended
        run_stage(self._fleet.transport(steps.host), script, self._nonce, run)

    def _take_failure(self, batch: Batch, outcome: Outcome) -> None:
        """Report a failed host; one that was lost while it changed things is asked to go back."""
        steps = next(steps for steps in batch.hosts if steps.host == outcome.host)
        changes = bool(undo_steps(steps).steps)
        goes_back = changes or way_back.concerns(outcome.host, self._done)
        if outcome.failure:
            self._fail(self._explain(outcome, outcome.failure, goes_back))
        if outcome.lost and changes:
            self._result.hosts[outcome.host] = "unknown"
            self._reconnect(outcome.host)
            self._done.append(Batch((steps,)))
        elif outcome.lost:
            self._cut.add(outcome.host)  # what it did before is put back on a new connection
        elif outcome.host != CONTROLLER:
            self._result.hosts[outcome.host] = way_back.state_of(outcome)

    def _explain(
        self, outcome: Outcome, failure: events.HostFailed, goes_back: bool
    ) -> events.HostFailed:
        """A failure with what only the runner knows: why, and what comes next."""
        if outcome.lost:
            return replace(failure, hint=failure.hint or way_back.next_for(goes_back))
        if outcome.host in self._stopped and not outcome.undo_failed:
            return replace(failure, message="interrupted", hint="", tail=())
        return failure

    def _reconnect(self, host: str) -> None:
        """Connect and lock anew for the way back; where either fails, nothing is undone."""
        self._fleet.transports[host].close()
        try:
            self._fleet.connect(host)
            for lease in self._leases:
                if lease.host == host and (failure := lease.take_again().failure):
                    self._leave(failure)
        except DeployError as error:
            hint = way_back.TAKEN if error.exit_code == ExitCode.LOCKED else error.hint
            self._leave(replace(failure_of(error), host=host, hint=hint))

    def _leave(self, failure: events.HostFailed) -> None:
        """Leave a host as it is: it is out of reach, or somebody else's by now."""
        self._left.add(failure.host)
        self._result.hosts[failure.host] = "unknown"
        self._fail(failure)

    def _turn_back(self, plan: Plan, stage: Stage) -> Result:
        """Something failed in `stage`: every host goes back, unless what it did stands."""
        if stage.is_final:
            self._stand()
        else:
            self._go_back(plan)
        return self._conclude_failure(plan)

    def _stand(self) -> None:
        """Who did the final stage is done; what the others come to is not known from here."""
        done = {steps.host for steps in self._done[-1].hosts}
        for host in self._result.hosts:
            self._result.hosts[host] = "done" if host in done else "unknown"

    def _go_back(self, plan: Plan) -> None:
        """Undo every batch that was changed, last first; errors leave a host unknown."""
        batches = [way for batch in reversed(self._done) if (way := way_back.of(batch)).hosts]
        for host in set().union(*map(way_back.hosts_of, batches)) & (self._unlocked() | self._cut):
            self._reconnect(host)
        for whole in [way_back.merged(batches)] if plan.returns_at_once and batches else batches:
            back = Batch(tuple(s for s in whole.hosts if s.host not in self._left))
            if not back.hosts:
                continue
            names = tuple(steps.host for steps in back.hosts)
            self._emit(events.StageStarted("go back", 1, 1, names))
            for host, outcome in self._run("go back", back, self._note_impatience()).items():
                self._result.hosts[host] = way_back.state_after(outcome)
                if outcome.failure:
                    self._fail(outcome.failure)

    def _unlocked(self) -> set[str]:
        """Hosts whose lock was lost, and not taken again."""
        return {lease.host for lease in self._leases if lease.lost.is_set()} - self._left

    def _conclude_failure(self, plan: Plan) -> Result:
        if not plan.is_reversible:
            way_back.tell_apart(self._result, self._changed)
        states = set(self._result.hosts.values())
        if states == {"done"}:
            self._result.exit_code = ExitCode.DONE  # the decision had been taken: all went on
        elif "unknown" in states or (plan.is_reversible and "done" in states):
            self._result.exit_code = ExitCode.UNKNOWN
        elif self._interrupts.first:
            self._result.exit_code = self._interrupts.exit_code
        else:
            self._result.exit_code = ExitCode.FAILED
        return self._result

    def _fail(self, failure: events.HostFailed) -> None:
        self._result.failures.append(failure)
        self._emit(failure)

    def _pause(self, seconds: int) -> None:
        self._note(f"waiting {seconds} s before the next batch", "pause")
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._interrupts.first:
            time.sleep(0.2)
