"""The traffic around a cut-over: asked of every host by the last script of a run, and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from deploy import events
from deploy.errors import DeployError
from deploy.facts import Answer
from deploy.facts.traffic import traffic_fact, traffic_log
from deploy.inventory import layout_for
from deploy.session import Session
from deploy.shell import Line


def traffic_questions(session: Session, name: str) -> tuple[Line, ...]:
    """What a host is asked behind the last steps of a run; nothing where it has no log to read."""
    host = session.hosts[name]
    log = traffic_log(host)
    layout = layout_for(session.environment, host)
    return (traffic_fact(log, session.run).line(layout),) if log else ()


def tell_traffic(session: Session, answers: Mapping[str, Mapping[str, Answer]]) -> None:
    """An event for every host that switched; one that could not tell is a warning."""
    for name, found in answers.items():
        log = traffic_log(session.hosts[name])
        try:
            state = traffic_fact(log, session.run).read(name, found) if log else None
        except DeployError as error:
            session.emit(events.Warned(name, "traffic", error.message))
            continue
        if state and state.switches:
            problem = "" if state.log == "read" else state.log
            session.emit(
                events.TrafficRead(
                    name,
                    log,
                    problem,
                    tuple(map(asdict, state.switches)),
                    state.width,
                    state.first,
                    tuple(map(asdict, state.rows)),
                )
            )
