"""`invoke deploy`: resolve, lock and inspect, check, plan, carry out, write the history."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from deploy import events
from deploy.app import Flags, confirm, load
from deploy.checks import Finding, Subject, Target
from deploy.checks.preflight import preflight
from deploy.errors import DeployError, ExitCode
from deploy.executor.runner import Result
from deploy.facts.host import HostFacts, fact_lines, read_facts
from deploy.inventory import Environment, Host, frozen, layout_for
from deploy.inventory.process_model import process_model, version_from_lockfile
from deploy.plan import Batch, HostSteps, Plan, Stage
from deploy.reports.plan_text import plan_text
from deploy.repository import Repository
from deploy.secrets import read_secrets
from deploy.session import Session
from deploy.shell import Argument
from deploy.steps.processes import append_history
from deploy.strategies.common import host_context
from deploy.strategies.in_place import Job, Request, plan_in_place

LOCKFILES = ("npm-shrinkwrap.json", "package-lock.json")


def deploy(flags: Flags) -> ExitCode:
    """Deploy a revision to an environment, and prove that it serves."""
    environment, hosts = load(flags)
    refuse_freeze(environment, flags)
    confirm(environment, flags)
    secrets = {host.name: read_secrets(host.settings.secrets) for host in hosts}
    with Session(environment, hosts, "deploy", flags.output) as session:
        session.connect_soon()
        try:
            target = find_target(environment, flags.revision)
            session.start(target.revision)
            return _deploy(session, flags, target, secrets)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)


def _deploy(
    session: Session, flags: Flags, target: Target, secrets: Mapping[str, dict[str, Argument]]
) -> ExitCode:
    session.connect()
    facts = inspect(session, target, lock=not flags.dry_run)
    refuse_findings(session, facts, target, force=flags.force)
    request = Request(session.environment, target, session.run, flags.force)
    jobs = [Job(session.hosts[name], facts[name], secrets[name]) for name in session.hosts]
    plan = plan_in_place(request, jobs)
    for warning in plan.warnings:
        session.emit(events.Warned("", "plan", warning))
    states = dict.fromkeys(session.hosts, "unchanged")
    if plan.is_empty:
        message = f"nothing to do: {target.revision[:10]} is proved on every host"
        return session.finish(ExitCode.DONE, message, states)
    if flags.dry_run:
        session.emit(events.Planned(plan.to_json()))
        return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
    with session.interrupts:
        result = session.carry_out(plan)
        write_history(session, plan, facts, result)
        words = last_words(plan, facts, result)
        return session.finish(result.exit_code, words, {**states, **result.hosts})


def find_target(environment: Environment, ref: str) -> Target:
    """What is going to be deployed, from the repository. Raises DeployError."""
    app = environment.app
    repository = Repository(app.repository, ssh_config=_own_ssh_config(environment))
    revision = repository.resolve(ref or app.branch)
    files = repository.find(revision, *LOCKFILES, "package.json")
    if not files:
        raise DeployError(
            f"{revision[:10]} has neither package.json nor a lockfile in its top directory",
            hint="is this the right repository and branch?",
            exit_code=ExitCode.USAGE,
        )
    lockfile = next((repository.read(revision, name) for name in LOCKFILES if name in files), None)
    version = (version_from_lockfile(lockfile) if lockfile else None) or ""
    return Target(
        revision=revision,
        model=_model(environment, version),
        version=version,
        has_lockfile=lockfile is not None,
        has_package="package.json" in files,
    )


def _own_ssh_config(environment: Environment) -> str:
    """The inventory's own ssh configuration, for git as well; ssh reads the usual one by itself."""
    config = Path(environment.ssh.config).expanduser()
    is_usual = config == Path("~/.ssh/config").expanduser()
    return "" if is_usual or not config.exists() else str(config)


def _model(environment: Environment, version: str) -> str:
    app = environment.app
    if app.process_model != "auto":
        return app.process_model
    major = app.actionhero or (int(version.split(".")[0]) if version else None)
    if major is None:
        raise DeployError(
            "the version of ActionHero is not known: there is no lockfile that names it",
            hint="commit package-lock.json, or set app.actionhero to the major version",
            exit_code=ExitCode.USAGE,
        )
    return process_model(major)


def inspect(session: Session, target: Target, *, lock: bool) -> dict[str, HostFacts]:
    """What each host runs; with `lock`, gathered under the environment's lock."""

    def context(host: Host) -> object:
        return host_context(session.environment, host, target.model, {})

    def lines(host: Host) -> object:
        return fact_lines(layout_for(session.environment, host))

    if lock:
        answers = session.lock(lines, context)  # type: ignore[arg-type]
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
    return f"{head}, {workers} workers, Node {facts.machine.node or '?'}; {proof}"


def refuse_findings(
    session: Session, facts: Mapping[str, HostFacts], target: Target, *, force: bool = False
) -> None:
    """Report every finding; raise DeployError when one is an error. Nothing was changed yet."""
    subjects = [
        Subject(session.environment, session.hosts[name], one, target, force)
        for name, one in facts.items()
    ]
    errors: list[Finding] = []
    for found in preflight(subjects):
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


def write_history(
    session: Session, plan: Plan, facts: Mapping[str, HostFacts], result: Result
) -> None:
    """One line on every host whose state is known; a fault here is only a warning."""
    batch = []
    for name in (name for name, state in result.hosts.items() if state != "unknown"):
        record = {
            "run": session.run,
            "task": session.task,
            "who": getpass.getuser(),
            "from": socket.gethostname(),
            "at": session.started.isoformat(timespec="seconds"),
            "seconds": round(session.seconds, 1),
            "before": facts[name].tree.head,
            "revision": plan.revision,
            "outcome": result.hosts[name],
        }
        layout = layout_for(session.environment, session.hosts[name])
        step = append_history(layout, json.dumps(record, ensure_ascii=False))
        batch.append(HostSteps(name, (step,)))
    stage = Stage("finish", (Batch(tuple(batch)),))
    session.write_down(Plan(plan.environment, plan.strategy, plan.revision, (stage,)))


def last_words(plan: Plan, facts: Mapping[str, HostFacts], result: Result) -> str:
    """The one line that says what state the fleet is in."""
    revision = plan.revision[:10]
    if result.exit_code == ExitCode.DONE:
        count = len(result.hosts)
        return f"done: {revision} is proved on {count} host{'s' if count > 1 else ''}"
    unknown = [name for name, state in result.hosts.items() if state == "unknown"]
    if unknown:
        return (
            f"unknown state on {', '.join(unknown)}: look with `invoke status` before anything else"
        )
    why = "interrupted" if result.exit_code >= ExitCode.INTERRUPTED else "failed"
    doubts = "; ".join(f"{name}: {facts[name].doubt}" for name in result.hosts if facts[name].doubt)
    if not doubts:
        return f"{why}: the old code serves on every host"
    return f"{why}: every host is as it was, and this stood against it before: {doubts}"
