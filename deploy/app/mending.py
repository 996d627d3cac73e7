"""`invoke queues.release`, `queues.retry`, `queues.clear-failed`: jobs that nobody works."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from deploy import events
from deploy.app import Flags, QueueFlags, load
from deploy.app.asking import ask
from deploy.app.queueing import Reached, connect, find_places, look, reach
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result, raise_first
from deploy.facts.queues import failures_fact
from deploy.inventory import layout_for
from deploy.plan import Batch, HostSteps, Plan, Stage, Step
from deploy.reports.plan_text import plan_text
from deploy.reports.queues import Seen
from deploy.session import Session
from deploy.steps import queues as steps

CHUNK = 500
"""Failures that are saved and removed at a time."""


def release(asked: Mapping[str, Any], flags: Flags) -> ExitCode:
    """Put the jobs of dead and lost workers back, when a person says so."""
    wanted = QueueFlags(**asked)

    def plan(session: Session, looks: Sequence[Seen]) -> dict[str, list[Step]]:
        found = {one.host: [w.worker for w in one.workers if w.is_stuck] for one in looks}
        for host, workers in found.items():
            for one in workers:
                if one.claim:
                    text = f"{host}: {one.claim.task} of {one.claim.queue}, {one.entry}"
                    session.emit(events.StepNoted("", "stuck", text))
        return {
            host: [steps.release_claim(wanted.namespace, worker) for worker in workers]
            for host, workers in found.items()
        }

    return _mend("queues.release", "put back {n} stuck jobs", plan, wanted, flags)


def retry(asked: Mapping[str, Any], flags: Flags) -> ExitCode:
    """Put failed jobs back into their queues."""
    wanted = QueueFlags(**asked)

    def plan(_: Session, looks: Sequence[Seen]) -> dict[str, list[Step]]:
        step = steps.retry_failed(wanted.namespace, wanted.queue)
        return {one.host: [step] for one in looks if one.state.failed}

    what = f"the failed jobs of {wanted.queue}" if wanted.queue else "all failed jobs"
    return _mend("queues.retry", f"try {what} again", plan, wanted, flags)


def clear_failed(asked: Mapping[str, Any], out: str, flags: Flags) -> ExitCode:
    """Save failed jobs in a file of this machine, then remove those that were saved."""
    wanted = QueueFlags(**asked)
    environment, hosts = load(flags)
    places = find_places(environment, hosts)
    with Session(environment, hosts, "queues.clear-failed", flags.output) as session:
        session.start()
        try:
            raise_first(connect(session).values())
            reached = reach(session, places)
            looks, errors = look(session, reached, wanted.namespace, 1)
            raise_first(errors.values())
            count = sum(one.state.failed for one in looks)
            if not count:
                return session.finish(ExitCode.DONE, "nothing to do: no job failed", {})
            _ask(session, f"save and remove {count} failed jobs", flags)
            file = _backup(Path(out), environment.name, session.run)
            result = _clear(session, reached, [one.host for one in looks], wanted.namespace, file)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        if result and result.exit_code != ExitCode.DONE:
            return session.finish(result.exit_code, f"failed; what was saved is in {file}", {})
        return session.finish(ExitCode.DONE, f"done: the failed jobs are in {file}", {})


def _mend(task: str, what: str, plan_steps: Any, wanted: QueueFlags, flags: Flags) -> ExitCode:
    environment, hosts = load(flags)
    places = find_places(environment, hosts)
    with Session(environment, hosts, task, flags.output) as session:
        session.start()
        try:
            raise_first(connect(session).values())
            reached = reach(session, places)
            looks, errors = look(session, reached, wanted.namespace, 1)
            raise_first(errors.values())
            todo = {host: found for host, found in plan_steps(session, looks).items() if found}
            plan = _plan(session, reached, todo, task)
            if plan.is_empty:
                return session.finish(ExitCode.DONE, "nothing to do", {})
            if flags.dry_run:
                session.emit(events.Planned(plan.to_json()))
                return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
            _ask(session, what.format(n=sum(map(len, todo.values()))), flags)
            with session.interrupts:
                result = session.carry_out(plan)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        words = "done" if result.exit_code == ExitCode.DONE else "failed; see `invoke queues`"
        return session.finish(result.exit_code, f"{task}: {words}", {})


def _plan(
    session: Session, reached: Reached, todo: Mapping[str, Sequence[Step]], task: str
) -> Plan:
    parts = tuple(
        HostSteps(host, tuple(found), reached.context(session.hosts[host]))
        for host, found in todo.items()
    )
    stages = (Stage("queues", (Batch(parts),), is_final=True),) if parts else ()
    return Plan(session.environment.name, task, "", stages)


def _ask(session: Session, what: str, flags: Flags) -> None:
    """Raises DeployError where nobody says yes."""
    if flags.yes:
        return
    session.emit.rest()
    ask(
        f"{what}? Type yes to go on:",
        "yes",
        why=f"this would {what}",
        hint="look with `invoke queues`, then run it again with --yes",
        refusal="nobody said yes",
    )


def _backup(directory: Path, environment: str, run: str) -> Path:
    """A new file that only its owner reads: jobs hold what people sent."""
    at = datetime.now(timezone.utc)
    path = directory / f"failed-{environment}-{at:%Y%m%dT%H%M%SZ}-{run[-4:]}.jsonl"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise DeployError(
            f"{path}: {error.strerror}",
            hint="name a directory that you can write to: --out DIRECTORY",
            exit_code=ExitCode.USAGE,
        ) from None
    return path


def _clear(
    session: Session, reached: Reached, hosts: Sequence[str], namespace: str, file: Path
) -> Result | None:
    """Save, then remove what was saved, until none is left; ends at the first fault."""
    fact = failures_fact(namespace, CHUNK)
    result = None
    for name in hosts:
        while True:
            answers, errors = session.ask(
                lambda host, of=name: (  # type: ignore[misc]
                    [fact.line(layout_for(session.environment, host))] if host.name == of else []
                ),
                reached.context,
            )
            raise_first(errors.values())
            failures = fact.read(name, answers[name])
            if not failures:
                break
            _save(file, failures)
            step = steps.clear_failed(namespace, failures)
            result = session.carry_out(_plan(session, reached, {name: [step]}, session.task))
            if result.exit_code != ExitCode.DONE:
                return result
    return result


def _save(file: Path, failures: Sequence[str]) -> None:
    """On disk before anything is removed."""
    with file.open("a", encoding="utf-8") as lines:
        for one in failures:
            lines.write((one if "\n" not in one else json.dumps(one)) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
