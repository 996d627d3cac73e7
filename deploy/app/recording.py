"""What is written down of a run that was carried out: the hosts' history, and its last words."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deploy import events
from deploy.app.target import open_repository
from deploy.app.traffic import tell_traffic, traffic_questions
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result
from deploy.facts.host import Before
from deploy.inventory import Environment, layout_for
from deploy.plan import Batch, HostSteps, Plan, Stage
from deploy.repository import Commit
from deploy.session import Session
from deploy.steps.processes import append_history, close_journal
from deploy.strategies.files_only import is_files_only

SUBJECTS = 20
"""Subject lines of commits that a line of the history holds, at most."""
SUBJECT_LENGTH = 120
"""Characters of each."""
LISTED = 50
"""Commits that an event tells, at most."""


def write_history(
    session: Session, plan: Plan, facts: Mapping[str, Before], result: Result
) -> None:
    """One line on every host whose state is known, and the end of its journal.

    A fault here is only a warning.
    """
    known = {name: state for name, state in result.hosts.items() if state != "unknown"}
    heads = {name: facts[name].head for name in known}
    commits = list_commits(session, heads, plan.revision)
    record = _record(session, plan.revision)
    batch = []
    for name, outcome in known.items():
        line = {**record, "before": heads[name], "outcome": outcome, **commits[heads[name]]}
        layout = layout_for(session.environment, session.hosts[name])
        steps = (
            append_history(layout, json.dumps(line, ensure_ascii=False)),
            close_journal(layout, session.run, outcome),
        )
        batch.append(HostSteps(name, steps, questions=traffic_questions(session, name)))
    stage = Stage("finish", (Batch(tuple(batch)),))
    finish = Plan(plan.environment, plan.strategy, plan.revision, (stage,))
    tell_traffic(session, session.write_down(finish).answers)


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


def list_commits(
    session: Session, heads: Mapping[str, str], revision: str
) -> dict[str, dict[str, Any]]:
    """Tell what changes where each host was before; for every head, what the history says of it."""
    records = {}
    for head in dict.fromkeys(heads.values()):
        found = commits_between(session.environment, head, revision)
        records[head] = commit_record(found)
        if found and (found.come or found.gone):
            hosts = tuple(name for name, one in heads.items() if one == head)
            session.emit(_listed(found, head, hosts))
    return records


@dataclass(frozen=True, slots=True)
class Between:
    """The commits from one to another; where none came, those that went."""

    come: tuple[Commit, ...]
    gone: tuple[Commit, ...] = ()


def commits_between(environment: Environment, before: str, revision: str) -> Between | None:
    """None where that is not known: the repository may have lost what the host was at."""
    if not before:
        return None
    repository = open_repository(environment)
    try:
        come = repository.commits(before, revision)
        return Between(come, () if come else repository.commits(revision, before))
    except DeployError:
        return None


def commit_record(found: Between | None) -> dict[str, Any]:
    """`commits` that came (or, when none did, were `taken_back`), and their first `subjects`."""
    if found is None:
        return {}
    count = {"taken_back": len(found.gone)} if found.gone else {"commits": len(found.come)}
    subjects = [one.subject[:SUBJECT_LENGTH] for one in (found.come or found.gone)[:SUBJECTS]]
    return {**count, "subjects": subjects}


def _listed(found: Between, before: str, hosts: tuple[str, ...]) -> events.CommitsListed:
    commits = found.come or found.gone
    first = tuple(asdict(one) for one in commits[:LISTED])
    return events.CommitsListed(before, hosts, bool(found.gone), len(commits), first)


def last_words(plan: Plan, facts: Mapping[str, Before], result: Result) -> str:
    """The one line that says what state the fleet is in."""
    revision = plan.revision[:10]
    if result.exit_code == ExitCode.DONE:
        count = len(result.hosts)
        when = result.proved_after
        after = f", {when:.2f} s after the command began" if when is not None else ""
        if is_files_only(plan):
            return f"done: new files on {_hosts(count)}; {revision} was proved there before"
        return f"done: {revision} is proved on {_hosts(count)}{after}"
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


def _hosts(count: int) -> str:
    return f"{count} host{'s' if count > 1 else ''}"
