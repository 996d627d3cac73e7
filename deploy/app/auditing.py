"""`invoke audit`: every rule over what all hosts, their redis and the inventory say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.app import Flags, load
from deploy.app.operating import _model
from deploy.app.queueing import Reached, connect, find_places, reach
from deploy.checks.audit import SEVERITIES, AuditRule, Found, HostScene, RedisScene, Scene
from deploy.checks.audit.rules import RULES
from deploy.errors import DeployError, ExitCode
from deploy.facts import Answer, Fact
from deploy.facts.audit import NGINX, audit_fact
from deploy.facts.host import fact_lines, read_facts
from deploy.facts.node import Nodes
from deploy.facts.queue_health import judge_queues, judge_workers
from deploy.facts.queues import queues_fact
from deploy.inventory import Environment, Host, layout_for
from deploy.inventory.auditing import Suppression
from deploy.plan import Context
from deploy.reports.findings import OUTPUTS, explain_rule, print_findings
from deploy.session import Session
from deploy.shell import Line
from deploy.steps.queues import describe_queues
from deploy.steps.register import is_local
from deploy.strategies.common import host_context

SAMPLE = 5
"""Seconds over which queues are sampled."""


def audit(explain: str, fail_on: str, flags: Flags) -> ExitCode:
    """What is not as it should be; exit 1 when something is at least as grave as `fail_on`."""
    if explain:
        print(explain_rule(_find_rule(explain)))
        return ExitCode.DONE
    _refuse_words(fail_on, flags.output)
    environment, hosts = load(flags)
    for one in environment.audit.suppress:
        _find_rule(one.rule)
    scene, errors = _look(environment, hosts)
    found, suppressed = judge(scene)
    source = _relative(environment.source)
    print_findings(found, suppressed, RULES, source, flags.output)
    for error in errors if flags.output == "terminal" else ():
        print(f"! {error}")
    grave = SEVERITIES[SEVERITIES.index(fail_on) :]
    is_grave = any(one.rule.severity in grave for one in found)
    return ExitCode.FAILED if is_grave or errors else ExitCode.DONE


def _refuse_words(fail_on: str, output: str) -> None:
    for flag, word, known in (
        ("--fail-on", fail_on, SEVERITIES),
        ("--output", output, tuple(OUTPUTS)),
    ):
        if word not in known:
            raise DeployError(
                f"{flag} {word!r}: no such word",
                hint=f"one of {', '.join(known)}",
                exit_code=ExitCode.USAGE,
            )


def _find_rule(name: str) -> AuditRule:
    found = next((rule for rule in RULES if rule.id == name), None)
    if found is None:
        raise DeployError(
            f"no rule {name!r}",
            hint=f"the rules are {', '.join(rule.id for rule in RULES)}",
            exit_code=ExitCode.USAGE,
        )
    return found


def _relative(source: str) -> str:
    path = Path(source)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else source


def judge(scene: Scene) -> tuple[list[Found], list[tuple[Found, str]]]:
    """Every finding, the gravest first; and those that the inventory knows, with the reason."""
    found, suppressed = [], []
    for rule in sorted(RULES, key=lambda rule: -SEVERITIES.index(rule.severity)):
        for one in rule.findings(scene):
            known = _suppression(scene.environment.audit.suppress, one)
            if known:
                suppressed.append((one, known.reason))
            else:
                found.append(one)
    return found, suppressed


def _suppression(known: Sequence[Suppression], found: Found) -> Suppression | None:
    return next(
        (
            one
            for one in known
            if one.rule == found.rule.id and (not one.hosts or found.host in one.hosts)
        ),
        None,
    )


def _look(environment: Environment, hosts: Sequence[Host]) -> tuple[Scene, list[DeployError]]:
    places = find_places(environment, hosts)
    with Session(environment, hosts, "audit", "quiet") as session:
        lost = connect(session)
        reached = reach(session, places)
        lines, context = _questions(environment, reached)
        answers, errors = session.ask(lines, context)
    scene, more = read_scene(environment, reached, answers)
    return scene, [*lost.values(), *errors.values(), *more]


def _questions(
    environment: Environment, reached: Reached
) -> tuple[Callable[[Host], list[Line]], Callable[[Host], Context]]:
    model = _model(environment)

    def lines(host: Host) -> list[Line]:
        layout = layout_for(environment, host)
        asked = [queues_fact("resque", SAMPLE)] if host.name in reached.askers else []
        facts: tuple[Fact[Any], ...] = (*asked, audit_fact(_nginx_files(host)), Nodes)
        return [*fact_lines(layout), *(fact.line(layout) for fact in facts)]

    def context(host: Host) -> Context:
        own = host_context(environment, host, model, {})
        return replace(own, calls=(*own.calls, describe_queues(reached.places[host.name])))

    return lines, context


def _nginx_files(host: Host) -> tuple[str, ...]:
    program = host.settings.programs.get("nginx")
    own = [one.destination for one in program.files.values()] if program else []
    return tuple(own) or NGINX


def read_scene(
    environment: Environment, reached: Reached, answers: Mapping[str, Mapping[str, Answer]]
) -> tuple[Scene, list[DeployError]]:
    """What the hosts answered, parsed; and the redis that gave no answer."""
    hosts = tuple(
        HostScene(
            environment.hosts[name],
            read_facts(name, found),
            audit_fact(()).read(name, found),
            Nodes.read(name, found),
        )
        for name, found in answers.items()
    )
    machines = {one.node.name: one.node for one in hosts}
    redis: dict[str, RedisScene] = {}
    errors = []
    for name in (one for one in reached.askers if one in answers):
        try:
            state = queues_fact("resque", SAMPLE).read(name, answers[name])
        except DeployError as error:
            error.host = error.host or name
            errors.append(error)
            continue
        timeout = environment.hosts[name].settings.actionhero.tasks.stuck_worker_timeout
        workers = judge_workers(state, machines, timeout and timeout // 1000)
        place = reached.places[name]
        queues = tuple(judge_queues(state, workers))
        has_password = bool(place.get("password"))
        one = RedisScene(name, state, queues, workers, has_password, is_local(place))
        redis.setdefault(state.servers[0].run_id, one)  # several hosts may mean the same
    return Scene(environment, hosts, tuple(redis.values()), _ssh_config(environment)), errors


def _ssh_config(environment: Environment) -> str:
    """What ssh is told; a file that is not there tells nothing."""
    try:
        return Path(environment.ssh.config).expanduser().read_text("utf-8")
    except OSError:
        return ""
