"""`invoke queues`: the app's redis, asked through a host of the fleet, as the app reaches it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.app import Flags, QueueFlags, load
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts.node import Nodes
from deploy.facts.queue_health import judge_queues, judge_workers
from deploy.facts.queues import QueuesState, queues_fact
from deploy.inventory import Environment, Host, layout_for
from deploy.plan import Context
from deploy.reports.queues import Seen, show_queues
from deploy.secrets import read_secrets
from deploy.session import Session
from deploy.shell import Line
from deploy.steps.queues import describe_queues
from deploy.steps.register import Place, is_local, tasks_redis
from deploy.strategies.common import host_environment

PAUSE = 1
"""Seconds between two looks with --watch."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Every redis of an environment, and the host that asks it for all who use it."""

    places: Mapping[str, Place]
    """By host, as it reaches its redis."""
    askers: tuple[str, ...]

    def context(self, host: Host) -> Context:
        """What the scripts of `host` begin with."""
        path = (host.settings.node_bin,) if host.settings.node_bin else ()
        return Context(calls=(describe_queues(self.places[host.name]),), path=path)


def show(asked: Mapping[str, Any], flags: Flags) -> ExitCode:
    """Redis and its queues, once or again and again; exit 1 when something is not well."""
    wanted = QueueFlags(**asked)
    _refuse_sample(wanted.sample)
    environment, hosts = load(flags)
    places = find_places(environment, hosts)
    with Session(environment, hosts, "queues", "quiet") as session:
        errors = connect(session)
        reached = reach(session, places)
        while True:
            looks, more = look(session, reached, wanted.namespace, wanted.sample)
            raise_first({**errors, **more}.values() if not looks else ())
            show_queues(looks, flags.output, again=wanted.watch)
            _tell({**errors, **more}, flags.output)
            if not wanted.watch:
                break
            time.sleep(PAUSE)
    well = not errors and not more and not any(one.troubles for one in looks)
    return ExitCode.DONE if well else ExitCode.FAILED


def _refuse_sample(seconds: int) -> None:
    if not 1 <= seconds <= 300:
        raise DeployError(
            f"--sample {seconds} is not between 1 and 300 seconds",
            hint="five seconds see a busy queue; for a slow one take a minute",
            exit_code=ExitCode.USAGE,
        )


def _tell(errors: Mapping[str, DeployError], output: str) -> None:
    for error in errors.values() if output != "json" else ():
        print(f"! {error}")


def find_places(environment: Environment, hosts: Sequence[Host]) -> dict[str, Place]:
    """The redis of the app's tasks, as each host reaches it. Raises DeployError."""
    return {
        host.name: tasks_redis(
            environment,
            host,
            host_environment(environment, host, read_secrets(host.settings.secrets)),
        )
        for host in hosts
    }


def connect(session: Session) -> dict[str, DeployError]:
    """Connect to every host; those that cannot be reached leave the session."""
    _, lost = session.fleet.each(session.hosts, session.fleet.connect)
    for name in lost:
        del session.hosts[name]
    return lost


def reach(session: Session, places: Mapping[str, Place]) -> Reached:
    """One host asks for all that use the same redis: the first that can be reached."""
    first: dict[str, str] = {}
    for name in session.hosts:
        own = name if is_local(places[name]) else ""
        first.setdefault(json.dumps([own, places[name]], sort_keys=True), name)
    return Reached(places, tuple(first.values()))


def look(
    session: Session, reached: Reached, namespace: str, seconds: int
) -> tuple[list[Seen], dict[str, DeployError]]:
    """What every redis says now, judged by the processes of all hosts; and who gave no answer."""
    fact = queues_fact(namespace, seconds)

    def lines(host: Host) -> list[Line]:
        layout = layout_for(session.environment, host)
        asked = [fact.line(layout)] if host.name in reached.askers else []
        return [*asked, Nodes.line(layout)]

    answers, errors = session.ask(lines, reached.context)
    states: dict[str, QueuesState] = {}
    for name in (one for one in reached.askers if one in answers):
        try:
            states[name] = fact.read(name, answers[name])
        except DeployError as error:
            error.host = error.host or name
            errors[name] = error
    found = [Nodes.read(name, answer) for name, answer in answers.items()]
    machines = {one.name: one for one in found}
    distinct = {state.servers[0].run_id: (name, state) for name, state in states.items()}
    looks = []
    for name, state in distinct.values():
        workers = judge_workers(state, machines, _lost_after(session.hosts[name]))
        looks.append(Seen(name, state, judge_queues(state, workers), workers))
    return looks, errors


def _lost_after(host: Host) -> int | None:
    """Seconds of silence after which the app itself gives a worker up."""
    milliseconds = host.settings.actionhero.tasks.stuck_worker_timeout
    return None if milliseconds is None else milliseconds // 1000
