"""The hooks of a run that is carried out: woven into its plan, and those when it is over."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path

from deploy.errors import ExitCode
from deploy.executor.result import Result
from deploy.facts.host import Before
from deploy.plan import Plan
from deploy.session import Session
from deploy.strategies.hooks import Circumstances, plan_last_hooks, weave_hooks


def with_hooks(session: Session, plan: Plan, facts: Mapping[str, Before]) -> Plan:
    """The plan with the hooks of the inventory around its phases."""
    return weave_hooks(plan, _circumstances(session, facts))


def run_last_hooks(
    session: Session, plan: Plan, facts: Mapping[str, Before], result: Result
) -> None:
    """The hooks after the run, whatever came of it, on hosts whose state is known."""
    known = [name for name, state in result.hosts.items() if state != "unknown"]
    about = _circumstances(session, facts, outcome_of(result.exit_code))
    session.conclude(plan_last_hooks(plan, about, known))


def outcome_of(code: ExitCode) -> str:
    """An exit code as a word: done, failed or unknown."""
    return {ExitCode.DONE: "done", ExitCode.UNKNOWN: "unknown"}.get(code, "failed")


def _circumstances(
    session: Session, facts: Mapping[str, Before], outcome: str = ""
) -> Circumstances:
    return Circumstances(
        session.environment,
        session.run,
        getpass.getuser(),
        str(Path.cwd()),
        {name: one.head for name, one in facts.items()},
        outcome,
    )
