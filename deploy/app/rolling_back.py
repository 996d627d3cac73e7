"""`invoke rollback` and `invoke releases`: an earlier release goes live, and which there are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TypeVar

from deploy import events
from deploy.app import Flags, confirm, load
from deploy.app.deploying import carry_out, refuse_limit
from deploy.app.framing import Secrets, run_task
from deploy.app.looking import ask_hosts
from deploy.app.settling import ask_releases, settle
from deploy.app.target import open_repository
from deploy.checks import Target
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts import Fact
from deploy.facts.host import Doubt, Standing
from deploy.facts.overlap import Overlap
from deploy.facts.releases import Releases, ReleasesState
from deploy.inventory import Environment, layout_for
from deploy.reports.tables import print_table
from deploy.session import Session
from deploy.strategies.common import deployed_programs, host_context
from deploy.strategies.in_place import Request
from deploy.strategies.rollback import (
    Returning,
    WayBack,
    choose_release,
    is_confirmed,
    plan_rollback,
)

T = TypeVar("T")


def rollback(flags: Flags) -> ExitCode:
    """The release before the one that serves, or the one that is named, goes live everywhere."""
    began = time.monotonic()
    environment, hosts = load(flags)
    refuse_in_place(environment)
    refuse_limit(environment, flags)
    began += confirm(environment, flags)
    return run_task("rollback", flags, environment, hosts, _rollback, began)


def _rollback(session: Session, flags: Flags, secrets: Secrets) -> ExitCode:
    session.start()
    session.connect()
    states = _look(session, lock=not flags.dry_run, wait=flags.wait_seconds)
    if not flags.dry_run and settle(session, states, secrets):
        states = _look(session, lock=False)
    way = choose_release(states, flags.to)
    standings = _stand(session, states, way)
    target = Target(way.revision, "auto", "", has_lockfile=True, has_package=True)
    request = Request(session.environment, target, session.run)
    parts = [
        Returning(session.hosts[name], standings[name], secrets[name]) for name in session.hosts
    ]
    plan = plan_rollback(request, parts, way)
    if not plan.is_empty:
        _tell_files(session)
    return carry_out(
        session, flags, plan, standings, lambda: _tell_commits(session, standings, way.revision)
    )


def _look(session: Session, *, lock: bool, wait: int = 0) -> dict[str, ReleasesState]:
    """What every host has on record, and no more: each further question is asked of those who wait.

    Whether the release to go to runs, answers and is whole is proved before it goes live.
    """
    if not lock:
        return ask_releases(session)
    answers = session.lock(
        lambda host: [Releases.line(layout_for(session.environment, host))],
        lambda host: host_context(session.environment, host, "auto", {}),
        wait,
    )
    return {name: Releases.read(name, answers[name]) for name in session.hosts}


def _stand(
    session: Session, states: Mapping[str, ReleasesState], way: WayBack
) -> dict[str, Standing]:
    """Where each host stands; how it is, too, where one is on that release already."""
    hosts, doubts, rooms = session.hosts.values(), {}, {}
    if any(is_confirmed(state, way.names[name]) for name, state in states.items()):
        doubts = _ask(session, Doubt)
    if any(host.settings.fallback == "restart" for host in hosts):
        rooms = _ask(session, Overlap)
    standings = {
        name: Standing(state, doubts.get(name), rooms.get(name)) for name, state in states.items()
    }
    for name, one in standings.items():
        what = one.releases.confirmed.name if one.releases.confirmed else "no release"
        session.emit(events.HostInspected(name, 0.0, f"{one.head[:10]}, {what} is confirmed"))
    return standings


def _ask(session: Session, fact: Fact[T]) -> dict[str, T]:
    """One fact of every host. Raises DeployError."""
    answers, errors = session.ask(
        lambda host: [fact.line(layout_for(session.environment, host))],
        lambda host: host_context(session.environment, host, "auto", {}),
    )
    raise_first(errors.values())
    return {name: fact.read(name, found) for name, found in answers.items()}


def _tell_files(session: Session) -> None:
    """Files that went live with a release are the inventory's, which does not go back."""
    programs = {name for host in session.hosts.values() for name in deployed_programs(host)}
    if programs:
        text = (
            f"the files of {', '.join(sorted(programs))} stay as they are today; earlier ones come"
        )
        text += " with an earlier inventory: invoke configure"
        session.emit(events.Warned("", "rollback", text))


def _tell_commits(session: Session, standings: Mapping[str, Standing], revision: str) -> None:
    """Which commits go away; that the repository cannot tell is no reason to stay."""
    heads = {one.head for one in standings.values() if one.head} - {revision}
    for head in sorted(heads):
        try:
            commits = open_repository(session.environment).commits(revision, head)
        except DeployError as error:
            session.emit(events.Warned("", "rollback", f"the commits that go away: {error}"))
            continue
        for one in commits:
            text = f"goes away: {one.sha[:10]} {one.subject} ({one.author})"
            session.emit(events.StepNoted("", "rollback", text))


def refuse_in_place(environment: Environment) -> None:
    """Raises DeployError (usage): only the strategy `releases` keeps what was before."""
    if environment.strategy != "releases":
        raise DeployError(
            f"{environment.name} is deployed in place: no earlier release is kept",
            hint="deploy the earlier commit: invoke deploy --revision COMMIT",
            exit_code=ExitCode.USAGE,
        )


def releases(flags: Flags) -> ExitCode:
    """One row a host and release, the newest first."""
    environment, hosts = load(flags)
    refuse_in_place(environment)
    answers, errors = ask_hosts(
        environment, hosts, lambda host: [Releases.line(layout_for(environment, host))]
    )
    rows = []
    for name, found in answers.items():
        rows += _rows(name, Releases.read(name, found))
    print_table(("host", "release", "revision", "state"), rows, flags.output)
    for error in errors.values():
        raise error
    return ExitCode.DONE


def _rows(host: str, state: ReleasesState) -> list[list[str]]:
    ordered = sorted(state.releases, key=lambda one: one.name, reverse=True)
    return [[host, one.name, one.revision[:10], state.describe(one)] for one in ordered]
