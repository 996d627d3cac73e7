"""`invoke reload`, `start`, `stop`, `restart`, `scale`, `unlock`: what is on the hosts already."""

from __future__ import annotations

from deploy import events
from deploy.app import Flags, confirm, load
from deploy.app.masking import read_host_secrets
from deploy.app.piping import write_files
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result
from deploy.facts.cluster import Cluster
from deploy.inventory import Environment, Host, layout_for
from deploy.plan import Batch, HostSteps, Plan, Stage, Step
from deploy.reports.plan_text import plan_text
from deploy.session import Session
from deploy.shell import Line, call
from deploy.strategies.common import host_context
from deploy.strategies.operate import plan_operation

MODEL = "auto"
"""The host tells by what is installed in its tree."""


def operate(operation: str, flags: Flags) -> ExitCode:
    """One operation on every selected host, under the lock, by batches."""
    environment, hosts = load(flags)
    confirm(environment, flags)
    if flags.workers:
        hosts = tuple(_with_workers(host, flags.workers) for host in hosts)
    secrets = read_host_secrets(hosts, flags)
    with Session(environment, hosts, operation, flags.output) as session:
        write_files(session, flags)
        session.start()
        try:
            plan = plan_operation(
                environment, hosts, session.run, _model(environment), operation, secrets
            )
            if flags.dry_run:
                session.emit(events.Planned(plan.to_json()))
                return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
            session.connect()
            _lock(session)
            with session.interrupts:
                result = session.carry_out(plan)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        return session.finish(result.exit_code, _last_words(operation, result), result.hosts)


def unlock(flags: Flags) -> ExitCode:
    """End the run that holds the lock, on every selected host."""
    environment, hosts = load(flags)
    confirm(environment, flags)
    with Session(environment, hosts, "unlock", flags.output) as session:
        session.start()
        try:
            session.connect()
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        steps = [_break_lock(environment, host) for host in hosts]
        stage = Stage("unlock", (Batch(tuple(steps)),))
        result = session.carry_out(Plan(environment.name, "unlock", "", (stage,)))
        return session.finish(result.exit_code, _last_words("unlock", result), result.hosts)


def _break_lock(environment: Environment, host: Host) -> HostSteps:
    state = layout_for(environment, host).state
    return HostSteps(host.name, (Step("break_lock", "end the holder", call("break_lock", state)),))


def _lock(session: Session) -> None:
    environment = session.environment

    def lines(host: Host) -> list[Line]:
        return [Cluster.line(layout_for(environment, host))]

    session.lock(lines, lambda host: host_context(environment, host, _model(environment), {}))


def _model(environment: Environment) -> str:
    return MODEL if environment.app.process_model == "auto" else environment.app.process_model


def _with_workers(host: Host, workers: int) -> Host:
    settings = host.settings.model_copy(update={"workers": workers})
    return host.model_copy(update={"settings": settings})


def _last_words(operation: str, result: Result) -> str:
    if result.exit_code == ExitCode.DONE:
        return f"{operation}: done on {len(result.hosts)} hosts"
    failed = ", ".join(sorted({failure.host for failure in result.failures}))
    return f"{operation} failed on {failed or 'some hosts'}: see `invoke status`"
