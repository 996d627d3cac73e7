"""What is written down of a run that was carried out: the hosts' history, and its last words."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Mapping
from typing import Any

from deploy.app.target import open_repository
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result
from deploy.facts.host import Before
from deploy.inventory import Environment, layout_for
from deploy.plan import Batch, HostSteps, Plan, Stage
from deploy.repository import Commit
from deploy.session import Session
from deploy.steps.processes import append_history, close_journal

SUBJECTS = 20
"""Subject lines of commits that a line of the history holds, at most."""
SUBJECT_LENGTH = 120
"""Characters of each."""


def write_history(
    session: Session, plan: Plan, facts: Mapping[str, Before], result: Result
) -> None:
    """One line on every host whose state is known, and the end of its journal.

    A fault here is only a warning.
    """
    known = {name: state for name, state in result.hosts.items() if state != "unknown"}
    record = _record(session, plan.revision)
    heads = {facts[name].head for name in known}
    commits = {head: commit_record(session.environment, head, plan.revision) for head in heads}
    batch = []
    for name, outcome in known.items():
        before = facts[name].head
        line = {**record, "before": before, "outcome": outcome, **commits[before]}
        layout = layout_for(session.environment, session.hosts[name])
        steps = (
            append_history(layout, json.dumps(line, ensure_ascii=False)),
            close_journal(layout, session.run, outcome),
        )
        batch.append(HostSteps(name, steps))
    stage = Stage("finish", (Batch(tuple(batch)),))
    session.write_down(Plan(plan.environment, plan.strategy, plan.revision, (stage,)))


def plan_history(session: Session, outcomes: Mapping[str, str], revision: str = "") -> Plan:
    """One line on every host whose state is known, of a run that changed no code."""
    line = _record(session, revision)
    batch = []
    for name, outcome in outcomes.items():
        if outcome != "unknown":
            layout = layout_for(session.environment, session.hosts[name])
            text = json.dumps({**line, "outcome": outcome}, ensure_ascii=False)
            batch.append(HostSteps(name, (append_history(layout, text),)))
    stages = (Stage("finish", (Batch(tuple(batch)),)),) if batch else ()
    return Plan(session.environment.name, session.task, revision, stages)


def _record(session: Session, revision: str) -> dict[str, Any]:
    """What is the same on every host."""
    return {
        "run": session.run,
        "task": session.task,
        "who": getpass.getuser(),
        "from": socket.gethostname(),
        "at": session.started.isoformat(timespec="seconds"),
        "seconds": round(session.seconds, 1),
        "revision": revision,
    }


def commit_record(environment: Environment, before: str, revision: str) -> dict[str, Any]:
    """`commits` that came (or, when none did, were `taken_back`), and their first `subjects`.

    Empty where that is not known: the repository may have lost what the host was at.
    """
    if not before:
        return {}
    repository = open_repository(environment)
    try:
        come = repository.commits(before, revision)
        gone = () if come else repository.commits(revision, before)
    except DeployError:
        return {}
    count = {"taken_back": len(gone)} if gone else {"commits": len(come)}
    return {**count, "subjects": _subjects(come or gone)}


def _subjects(commits: tuple[Commit, ...]) -> list[str]:
    return [one.subject[:SUBJECT_LENGTH] for one in commits[:SUBJECTS]]


def last_words(plan: Plan, facts: Mapping[str, Before], result: Result) -> str:
    """The one line that says what state the fleet is in."""
    revision = plan.revision[:10]
    if result.exit_code == ExitCode.DONE:
        count = len(result.hosts)
        when = result.proved_after
        after = f", {when:.2f} s after the command began" if when is not None else ""
        return f"done: {revision} is proved on {count} host{'s' if count > 1 else ''}{after}"
    unknown = [name for name, state in result.hosts.items() if state == "unknown"]
    if unknown:
        return (
            f"unknown state on {', '.join(unknown)}: look with `invoke status` before anything else"
        )
    why = "interrupted" if result.exit_code >= ExitCode.INTERRUPTED else "failed"
    doubts = "; ".join(f"{name}: {facts[name].doubt}" for name in result.hosts if facts[name].doubt)
    if any(facts[name].doubt is None for name in result.hosts):
        return f"{why}: every host is as it was"
    if not doubts:
        return f"{why}: the old code serves on every host"
    return f"{why}: every host is as it was, and this stood against it before: {doubts}"
