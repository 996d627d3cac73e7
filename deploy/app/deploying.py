"""`invoke deploy`: resolve, lock and inspect, check, plan, carry out, write the history."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from threading import Thread

from deploy import events
from deploy.app import Flags, confirm, load
from deploy.app.files import Rendered, compare_files, release_files
from deploy.app.framing import Secrets, run_task
from deploy.app.hooking import run_last_hooks, with_hooks
from deploy.app.recording import last_words, write_history
from deploy.app.settling import settle
from deploy.app.target import find_target
from deploy.checks import Finding, Subject, Target
from deploy.checks.preflight import preflight
from deploy.errors import DeployError, ExitCode
from deploy.facts.host import Before, HostFacts, environment_fact, fact_lines, read_facts
from deploy.inventory import Environment, Host, frozen, layout_for
from deploy.plan import Plan
from deploy.reports.plan_text import plan_text
from deploy.session import Session
from deploy.steps.files import await_files
from deploy.strategies.common import STAGE_WAIT, host_context, host_environment
from deploy.strategies.files_only import with_files_elsewhere
from deploy.strategies.in_place import Job, Request, plan_in_place
from deploy.strategies.releases import plan_forgetting, plan_releases

STRATEGIES = {"in_place": plan_in_place, "releases": plan_releases}
"""From a request and what the hosts are to a plan."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the hosts are asked with, and for."""

    secrets: Secrets
    files: Mapping[str, Rendered] = field(default_factory=dict)
    """By host, those that go live with a release."""


def deploy(flags: Flags) -> ExitCode:
    """Deploy a revision to an environment, and prove that it serves."""
    began = time.monotonic()
    environment, hosts = load(flags)
    refuse_freeze(environment, flags)
    refuse_limit(environment, flags)
    began += confirm(environment, flags)
    return run_task("deploy", flags, environment, hosts, _deploy, began)


def _deploy(session: Session, flags: Flags, secrets: Secrets) -> ExitCode:
    session.connect_soon()
    target = find_target(session.environment, flags.revision)
    session.start(target.revision)
    session.connect()
    files = release_files(session.environment, session.hosts.values(), target.version, secrets)
    lock = not flags.dry_run
    asked = Asked(secrets, files)
    facts = inspect(session, target, lock=lock, wait=flags.wait_seconds, asked=asked)
    if not flags.dry_run:
        facts = settle_first(session, target, facts, asked)
    refuse_findings(session, facts, target, force=flags.force)
    going = compare_files(session, files, facts, flags)
    request = Request(session.environment, target, session.run, flags.force, files=going)
    jobs = [Job(session.hosts[name], facts[name], secrets[name]) for name in session.hosts]
    return carry_out(session, flags, make_plan(request, jobs), facts)


def make_plan(request: Request, jobs: Sequence[Job]) -> Plan:
    """Code where it is behind, and files where they are: where it is empty, both are as wanted."""
    plan = STRATEGIES[request.environment.strategy](request, jobs)
    return with_files_elsewhere(plan, request, {job.host.name for job in jobs})


def settle_first(
    session: Session,
    target: Target,
    facts: dict[str, HostFacts],
    asked: Asked,
) -> dict[str, HostFacts]:
    """What earlier runs left pending is settled; the facts, asked again where that changed them."""
    states = {name: one.releases for name, one in facts.items() if one.releases}
    if not states or not settle(session, states, asked.secrets):
        return facts
    return inspect(session, target, lock=False, asked=asked)


def carry_out(
    session: Session,
    flags: Flags,
    plan: Plan,
    facts: Mapping[str, Before],
    meanwhile: Callable[[], None] = lambda: None,
) -> ExitCode:
    """Show the plan, or run it and write the history; `meanwhile` is what nobody waits for."""
    for warning in plan.warnings:
        session.emit(events.Warned("", "plan", warning))
    states = dict.fromkeys(session.hosts, "unchanged")
    if plan.is_empty:
        message = f"nothing to do: {plan.revision[:10]} is proved on every host"
        return session.finish(ExitCode.DONE, message, states)
    plan = with_hooks(session, plan, facts)
    beside = Thread(target=meanwhile, daemon=True)
    beside.start()
    if flags.dry_run:
        beside.join()
        session.emit(events.Planned(plan.to_json()))
        return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
    with session.interrupts:
        result = session.carry_out(plan)
        leave(beside, session.emit)
        write_history(session, plan, facts, result)
        if "unknown" not in result.hosts.values():
            session.write_down(plan_forgetting(plan, session.run))
        run_last_hooks(session, plan, facts, result)
        words = last_words(plan, facts, result)
        return session.finish(result.exit_code, words, {**states, **result.hosts})


def leave(beside: Thread, emit: events.Emit, seconds: float = 2.0) -> None:
    """Wait no longer than that for what nobody waits for: every lock is held, and nothing recorded.

    A repository that is dead answers after minutes (deploy.repository.command).
    """
    beside.join(seconds)
    if beside.is_alive():
        emit(events.Warned("", "plan", "the repository does not answer; nobody waits for it"))


def refuse_limit(environment: Environment, flags: Flags) -> None:
    """Raises DeployError: a fleet of releases is never on two of them on purpose."""
    if flags.limit and environment.strategy == "releases":
        raise DeployError(
            "with `strategy: releases` all hosts go together, or none",
            hint="leave a host out that is known to be down: --without HOST",
            exit_code=ExitCode.USAGE,
        )


def inspect(
    session: Session,
    target: Target,
    *,
    lock: bool,
    wait: int = 0,
    asked: Asked | None = None,
) -> dict[str, HostFacts]:
    """What each host runs; with `lock`, gathered under the environment's lock, waited for.

    Only with their secrets can hosts say what their redis has room for.
    """
    environment = session.environment
    values = {
        name: host_environment(environment, host, asked.secrets[name]) if asked else {}
        for name, host in session.hosts.items()
    }
    contexts = {}
    for name, host in session.hosts.items():
        context = host_context(environment, host, target.model, values[name])
        idle = (await_files(layout_for(environment, host), STAGE_WAIT),)
        calls = (*(idle if lock and asked and name in asked.files else ()), *context.calls)
        contexts[name] = replace(context, environment={}, calls=calls)

    def lines(host: Host) -> object:
        layout = layout_for(environment, host)
        if not asked:
            return fact_lines(layout)
        files = asked.files.get(host.name)
        kept = environment_fact(values[host.name]).line(layout)
        return (*fact_lines(layout), kept, *((files.question.line(layout),) if files else ()))

    return gather(session, lines, lambda host: contexts[host.name], lock=lock, wait=wait)


def gather(
    session: Session, lines: object, context: object, *, lock: bool, wait: int = 0
) -> dict[str, HostFacts]:
    """The answers of every host to `lines`, in `context`; both are functions of a host."""
    if lock:
        answers = session.lock(lines, context, wait)  # type: ignore[arg-type]
    else:
        answers, errors = session.ask(lines, context)  # type: ignore[arg-type]
        for error in errors.values():
            raise error
    facts = {name: read_facts(name, answers[name]) for name in session.hosts}
    for name, one in facts.items():
        session.emit(events.HostInspected(name, 0.0, summary(one)))
    return facts


def summary(facts: HostFacts) -> str:
    """One host in a line."""
    head = facts.tree.head[:10] or "no tree"
    workers = len(facts.cluster.workers)
    proof = facts.objection or "proved"
    why = facts.cluster.workers_why
    wanted = f" ({facts.cluster.workers_wanted} wanted: {why})" if why else ""
    return f"{head}, {workers} workers{wanted}, Node {facts.machine.node or '?'}; {proof}"


def refuse_findings(
    session: Session,
    facts: Mapping[str, HostFacts],
    target: Target,
    *,
    force: bool = False,
    without: Sequence[str] = (),
) -> None:
    """Report every finding, but for the rules in `without`; raise DeployError when one is an error.

    Nothing was changed yet.
    """
    subjects = [
        Subject(session.environment, session.hosts[name], one, target, force, facts)
        for name, one in facts.items()
    ]
    errors: list[Finding] = []
    for found in (one for one in preflight(subjects) if one.rule not in without):
        if found.severity == "warning":
            session.emit(events.Warned(found.host, found.rule, found.message))
        else:
            errors.append(found)
    if errors:
        first, *others = errors
        raise DeployError(
            first.message,
            host=first.host,
            step=first.rule,
            hint=first.hint,
            others=tuple(
                DeployError(o.message, host=o.host, step=o.rule, hint=o.hint) for o in others
            ),
        )


def refuse_freeze(environment: Environment, flags: Flags) -> None:
    """Raises DeployError within a freeze window, unless forced."""
    window = frozen(environment, datetime.now(timezone.utc))
    if window and not flags.force:
        raise DeployError(
            f"{environment.name} is frozen until {window.end}: {window.reason}",
            hint="wait, or deploy with --force when it cannot",
            exit_code=ExitCode.USAGE,
        )
