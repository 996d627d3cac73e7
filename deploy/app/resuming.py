"""`invoke deploy --resume` and `--only-failed`: what the last run left is finished."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy import events
from deploy.app import Flags, confirm, load
from deploy.app.deploying import (
    Asked,
    carry_out,
    inspect,
    make_plan,
    refuse_findings,
    refuse_freeze,
    refuse_limit,
    settle_first,
)
from deploy.app.files import compare_files, release_files
from deploy.app.framing import Secrets, run_task
from deploy.app.looking import History
from deploy.app.target import find_target
from deploy.checks import Target
from deploy.errors import DeployError, ExitCode
from deploy.facts.journal import Journal, JournalState
from deploy.facts.releases import ReleasesState
from deploy.inventory import Environment, Host, layout_for
from deploy.plan import Batch, HostSteps, Plan, Stage
from deploy.session import Session
from deploy.shell import Line
from deploy.steps.processes import close_journal
from deploy.strategies.common import host_context
from deploy.strategies.in_place import Job, Request

ANY = Target("", "auto", "", has_lockfile=True, has_package=True)
"""Before it is known what the last run was about."""
GOOD = ("done", "unchanged")
"""Outcomes in the history of a host that is where it should be."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is to be finished: the run that left it, and what that was on its way to."""

    run: str
    revision: str
    release: str = ""
    """Name of the release that it made; empty in place, or where a new one is made."""
    hosts: tuple[str, ...] = ()
    """The hosts that go on."""


def deploy(flags: Flags) -> ExitCode:
    """Go on with what the last run left, and prove that it serves."""
    began = time.monotonic()
    environment, hosts = load(flags)
    refuse_freeze(environment, flags)
    refuse_limit(environment, flags)
    refuse_flags(flags)
    began += confirm(environment, flags)
    return run_task("deploy", flags, environment, hosts, _go_on, began)


def refuse_flags(flags: Flags) -> None:
    """Raises DeployError (usage) where flags contradict each other."""
    refusals = {
        "--only-failed is for a run that ended, --resume for one that was cut off": flags.resume
        and flags.only_failed,
        "--resume goes on with the revision of the run that was cut off": flags.resume
        and flags.revision,
        "the hosts are those that the last run left": flags.limit,
    }
    for reason, applies in refusals.items():
        if applies:
            raise DeployError(reason, hint="leave one of the flags out", exit_code=ExitCode.USAGE)


def _go_on(session: Session, flags: Flags, secrets: Secrets) -> ExitCode:
    session.start()
    session.connect()
    facts = inspect(session, ANY, lock=not flags.dry_run, wait=flags.wait_seconds)
    journals, histories = _ask_records(session)
    if flags.only_failed:
        left = find_failed(session.environment, journals, histories)
    else:
        left = find_left({name: one.releases for name, one in facts.items()}, journals)
    if not flags.dry_run:
        facts = settle_first(session, ANY, facts, Asked(secrets))
    if left is None:
        words = "no host failed in the last run" if flags.only_failed else "nothing to resume"
        return session.finish(ExitCode.DONE, words, dict.fromkeys(session.hosts, "unchanged"))
    _tell(session, left, journals)
    return _deploy(session, flags, left, secrets)


def _deploy(session: Session, flags: Flags, left: Left, secrets: Secrets) -> ExitCode:
    """The same as any deploy, on the hosts that go on, with the release that there is."""
    environment = session.environment
    target = find_target(environment, flags.revision or left.revision)
    files = release_files(environment, session.hosts.values(), target.version, secrets)
    facts = inspect(session, target, lock=False, asked=Asked(secrets, files))
    refuse_findings(session, facts, target, force=flags.force)
    going = compare_files(session, files, facts, flags)
    request = Request(environment, target, session.run, flags.force, left.release, going)
    jobs = [Job(session.hosts[name], facts[name], secrets[name]) for name in left.hosts]
    plan = make_plan(request, jobs)
    if plan.is_empty and not flags.dry_run:
        _close_journals(session, left)
    return carry_out(session, flags, plan, facts)


def find_left(
    states: Mapping[str, ReleasesState | None], journals: Mapping[str, JournalState]
) -> Left | None:
    """What the last run left by what is pending, and by the journals; None: it ended everywhere."""
    last = max((one.run for one in journals.values()), default="")
    left = [
        Left(one.run, one.revision, one.release)
        for one in journals.values()
        if one.is_cut_off and one.run == last
    ]
    left += filter(None, (_pending(state) for state in states.values()))
    if not left:
        return None
    newest = max(left, key=lambda one: one.run)
    return Left(newest.run, newest.revision, newest.release, tuple(states))


def _pending(state: ReleasesState | None) -> Left | None:
    if not state or not state.pending:
        return None
    release = state.find(state.pending.release)
    return Left(state.pending.run, release.revision, release.name) if release else None


def find_failed(
    environment: Environment,
    journals: Mapping[str, JournalState],
    histories: Mapping[str, Iterable[str]],
) -> Left | None:
    """The revision of the last run, and the hosts that it did not bring there; None: all are there.

    Raises DeployError (usage) where no run ended.
    """
    _refuse_cut_off(journals)
    last = {name: _last(lines) for name, lines in histories.items()}
    newest = max((one for one in last.values() if one), key=lambda one: one["run"], default=None)
    if newest is None:
        raise DeployError(
            "no deploy is on record on these hosts",
            hint="deploy without --only-failed",
            exit_code=ExitCode.USAGE,
        )
    failed = tuple(n for n, one in last.items() if not one or one["outcome"] not in GOOD)
    if not failed:
        return None
    hosts = failed if environment.strategy == "in_place" else tuple(histories)
    revision = max((last[n] or newest for n in failed), key=lambda one: one["run"])["revision"]
    return Left(newest["run"], revision, hosts=hosts)


def _refuse_cut_off(journals: Mapping[str, JournalState]) -> None:
    newest = max((one.run for one in journals.values()), default="")
    for name, one in journals.items():
        if one.is_cut_off and one.run == newest:
            raise DeployError(
                f"run {one.run} was cut off: which hosts failed is not on record",
                host=name,
                hint="go on with it: invoke deploy --resume",
                exit_code=ExitCode.USAGE,
            )


def _last(lines: Iterable[str]) -> dict[str, Any] | None:
    every = (json.loads(line) for line in reversed([*lines]))
    return next((one for one in every if one.get("task") != "configure"), None)


def _ask_records(
    session: Session,
) -> tuple[dict[str, JournalState], dict[str, list[str]]]:
    """Every host's journal and history. Raises DeployError."""
    environment = session.environment

    def lines(host: Host) -> list[Line]:
        layout = layout_for(environment, host)
        return [Journal.line(layout), History.line(layout)]

    answers, errors = session.ask(lines, lambda host: host_context(environment, host, "auto", {}))
    for error in errors.values():
        raise error
    journals = {name: Journal.read(name, found) for name, found in answers.items()}
    return journals, {name: History.read(name, found) for name, found in answers.items()}


def _tell(session: Session, left: Left, journals: Mapping[str, JournalState]) -> None:
    release = f" as {left.release}" if left.release else ""
    text = f"goes on with run {left.run}: {left.revision[:10]}{release}"
    session.emit(events.StepNoted("", "resume", text))
    for name, one in journals.items():
        if one.run == left.run and one.unfinished:
            text = f"was cut off in {', '.join(one.unfinished)}"
            session.emit(events.StepNoted(name, "resume", text))


def _close_journals(session: Session, left: Left) -> None:
    """Every host is where that run was to bring it: it is over."""
    environment = session.environment
    steps = [
        HostSteps(name, (close_journal(layout_for(environment, host), left.run, "done"),))
        for name, host in session.hosts.items()
    ]
    stage = Stage("finish", (Batch(tuple(steps)),))
    session.write_down(Plan(environment.name, environment.strategy, left.revision, (stage,)))
