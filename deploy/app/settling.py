"""Before anything else: what an earlier run left pending is settled, as its register says."""

from __future__ import annotations

from collections.abc import Mapping

from deploy import events
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result, raise_first
from deploy.facts.releases import Releases, ReleasesState
from deploy.inventory import Host, layout_for
from deploy.plan import Context
from deploy.session import Session
from deploy.shell import Argument
from deploy.strategies.common import host_context, host_environment
from deploy.strategies.settle import plan_freezing, plan_resuming, plan_settling, unsettled

Secrets = Mapping[str, dict[str, Argument]]
"""Each host's secrets, by the host's name."""


def settle(session: Session, states: Mapping[str, ReleasesState], secrets: Secrets) -> bool:
    """Settle every run that left something pending; true when there was one.

    Raises DeployError (3) where a host stays pending.
    """
    runs = unsettled(states)
    for run in runs:
        session.emit(events.StepNoted("", "settle", f"run {run} left its release pending"))
        _settle_run(session, states, secrets, run)
    return bool(runs)


def _settle_run(
    session: Session, states: Mapping[str, ReleasesState], secrets: Secrets, run: str
) -> None:
    hosts = tuple(session.hosts.values())
    contexts = {host.name: _context(session, host, secrets[host.name]) for host in hosts}
    environment = session.environment
    result = session.carry_out(plan_settling(environment, hosts, states, contexts, run))
    if result.exit_code == ExitCode.DONE:
        return
    if not _is_lost(result) or len(hosts) < sum(h.runs_app for h in environment.hosts.values()):
        _refuse(result, run)
    session.emit(events.StepNoted("", "settle", "no register decides: every host is frozen first"))
    _refuse(session.carry_out(plan_freezing(environment, hosts, states, contexts, run)), run)
    now = ask_releases(session)
    _refuse(session.carry_out(plan_resuming(environment, hosts, now, contexts, run)), run)


def _is_lost(result: Result) -> bool:
    """The register will never tell (or was lost before): one that cannot be reached may, later."""
    said = {values["register"] for values in result.values.values() if "register" in values}
    return bool(said) and said <= {"undecidable", "frozen"}


def ask_releases(session: Session) -> dict[str, ReleasesState]:
    """What every host has on record now. Raises DeployError."""
    environment = session.environment
    answers, errors = session.ask(
        lambda host: [Releases.line(layout_for(environment, host))],
        lambda host: host_context(environment, host, "auto", {}),
    )
    raise_first(errors.values())
    return {name: Releases.read(name, found) for name, found in answers.items()}


def _context(session: Session, host: Host, secrets: dict[str, Argument]) -> Context:
    environment = session.environment
    values = host_environment(environment, host, secrets)
    return host_context(environment, host, "auto", values, stage="activate", run=session.run)


def _refuse(result: Result, run: str) -> None:
    if result.exit_code != ExitCode.DONE:
        raise DeployError(
            f"what run {run} left pending could not be settled",
            hint="see the failures above; mend that, then deploy again, to all hosts",
            exit_code=ExitCode.UNKNOWN,
        )
