"""`invoke adopt`: what is deployed in place becomes the first release, while it serves."""

from __future__ import annotations

import time
from collections.abc import Mapping

from deploy.app import Flags, confirm, load
from deploy.app.deploying import (
    Asked,
    carry_out,
    gather,
    refuse_findings,
    refuse_limit,
    settle_first,
)
from deploy.app.framing import Secrets, run_task
from deploy.app.target import find_target
from deploy.checks import Target
from deploy.errors import DeployError, ExitCode
from deploy.facts.host import RELEASES, HostFacts, fact_lines
from deploy.inventory import Environment, Host, layout_for
from deploy.session import Session
from deploy.shell import Line
from deploy.strategies.adopt import in_place, plan_adoption
from deploy.strategies.common import host_context
from deploy.strategies.in_place import Job, Request

FITTING = ("adopted", "taken")
"""Rules about what an adoption is there to change: who runs now, and where."""
ANY_TARGET = Target("", "auto", "", has_lockfile=True, has_package=True)


def adopt(flags: Flags) -> ExitCode:
    """Turn the in-place trees of an environment into its first release, without a lost request."""
    began = time.monotonic()
    environment, hosts = load(flags)
    refuse_other(environment)
    refuse_limit(environment, flags)
    began += confirm(environment, flags)
    return run_task("adopt", flags, environment, hosts, _adopt, began)


def _adopt(session: Session, flags: Flags, secrets: Secrets) -> ExitCode:
    session.start()
    session.connect()
    facts = _inspect(session, lock=not flags.dry_run, wait=flags.wait_seconds)
    if not flags.dry_run and settle_first(session, ANY_TARGET, facts, Asked(secrets)) is not facts:
        facts = _inspect(session, lock=False)
    target = find_target(session.environment, _head(facts))
    refuse_findings(session, facts, target, force=flags.force, without=FITTING)
    request = Request(session.environment, target, session.run, flags.force)
    jobs = [Job(session.hosts[name], facts[name], secrets[name]) for name in session.hosts]
    return carry_out(session, flags, plan_adoption(request, jobs), facts)


def _inspect(session: Session, *, lock: bool, wait: int = 0) -> dict[str, HostFacts]:
    """Each host as one that is deployed in place, and which releases it has by now."""
    before = in_place(session.environment)

    def context(host: Host) -> object:
        return host_context(before, host, "auto", {})

    def lines(host: Host) -> tuple[Line, ...]:
        layout = layout_for(session.environment, host)
        return (*fact_lines(layout_for(before, host)), *(one.line(layout) for one in RELEASES))

    return gather(session, lines, context, lock=lock, wait=wait)


def _head(facts: Mapping[str, HostFacts]) -> str:
    """The one commit that is checked out. Raises DeployError (usage) where there are several."""
    heads = {name: one.tree.head for name, one in facts.items()}
    if len(set(heads.values())) > 1 or not all(heads.values()):
        each = ", ".join(f"{name} {head[:10] or 'no tree'}" for name, head in heads.items())
        raise DeployError(
            f"the hosts are not at one commit: {each}",
            hint="deploy one in place first (strategy: in_place), then adopt",
            exit_code=ExitCode.USAGE,
        )
    return next(iter(heads.values()))


def refuse_other(environment: Environment) -> None:
    """Raises DeployError (usage): the inventory says what the trees are to become."""
    if environment.strategy != "releases":
        raise DeployError(
            f"{environment.name} is deployed in place",
            hint="set `strategy: releases` in the inventory, then adopt what is there",
            exit_code=ExitCode.USAGE,
        )
