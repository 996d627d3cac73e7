"""`invoke pids`, `history`, `check`, `inventory`: what is, without changing it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deploy.app import Flags, load, load_all
from deploy.app.deploying import inspect, refuse_findings
from deploy.app.operating import _model
from deploy.app.piping import write_files
from deploy.app.target import find_target
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts import Answer, Fact
from deploy.facts.cluster import Cluster, ClusterState
from deploy.facts.host import git_access
from deploy.inventory import Environment, Host, layout_for
from deploy.reports.tables import print_table
from deploy.session import Session
from deploy.shell import Line, call
from deploy.strategies.common import host_context

History: Fact[list[str]] = Fact(
    "history", lambda layout: call("show_history", layout.history, 20), str.splitlines
)


def pids(flags: Flags) -> ExitCode:
    """Every pidfile with the process it names, and whether it can be believed."""
    environment, hosts = load(flags)
    answers, errors = ask_hosts(
        environment, hosts, lambda host: [Cluster.line(layout_for(environment, host))]
    )
    rows, sound = [], not errors
    for host in hosts:
        if host.name in errors:
            rows.append([host.name, "-", "-", "unreachable", str(errors[host.name])])
            continue
        state = Cluster.read(host.name, answers[host.name])
        found = pid_rows(host.name, state)
        sound &= all(row[3] == "ok" for row in found) and bool(found)
        rows += found or [[host.name, "-", "-", "missing", "no pidfile, and no process"]]
    print_table(("host", "pidfile", "pid", "verdict", "process"), rows, flags.output)
    return ExitCode.DONE if sound else ExitCode.FAILED


def pid_rows(host: str, state: ClusterState) -> list[list[str]]:
    """The pidfiles of one host, then its processes that no pidfile names."""
    rows = [
        [host, p.name, p.text, p.verdict, p.process.name if p.process else "no such process"]
        for p in state.pidfiles
    ]
    named = {p.process.pid for p in state.pidfiles if p.process}
    rows += [[host, "-", str(p.pid), "missing", p.name] for p in state.ours if p.pid not in named]
    return rows


def history(flags: Flags) -> ExitCode:
    """Who deployed or configured what, when, and how it ended; newest last."""
    environment, hosts = load_all(flags)
    answers, errors = ask_hosts(
        environment, hosts, lambda host: [History.line(layout_for(environment, host))]
    )
    rows = []
    for name, found in answers.items():
        rows += [history_row(name, json.loads(line)) for line in History.read(name, found)]
    print_table(_HISTORY, sorted(rows), flags.output)
    for error in errors.values():
        raise error
    return ExitCode.DONE


def history_row(host: str, line: Mapping[str, Any]) -> list[str]:
    """One line of a host's history; older ones know nothing of commits."""
    count, verb = line.get("commits"), ""
    if "taken_back" in line:
        count, verb = line["taken_back"], "takes back "
    newest = next(iter(line.get("subjects", ())), "")
    commits = "" if count is None else f"{verb}{count}" + (f": {newest}" if newest else "")
    return [
        line["at"].removesuffix("+00:00"),
        host,
        line["revision"][:10] or line["task"],
        line["outcome"],
        line["who"],
        f"{line['seconds']} s" if "seconds" in line else "",
        commits,
        line["run"],
    ]


def check(flags: Flags) -> ExitCode:
    """Can this be deployed now? Every rule of the preflight, nothing changed."""
    environment, hosts = load(flags)
    target = find_target(environment, flags.revision)
    with Session(environment, hosts, "check", flags.output) as session:
        write_files(session, flags)
        session.start(target.revision)
        try:
            session.connect()
            facts = inspect(session, target, lock=False)
            refuse_findings(session, facts, target)
            _refuse_unreadable(session)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        return session.finish(ExitCode.DONE, "check: nothing speaks against a deploy", {})


def _refuse_unreadable(session: Session) -> None:
    """Raises DeployError where a host cannot read the repository."""
    environment = session.environment
    access = git_access(environment.app.repository)
    answers, errors = session.ask(
        lambda host: [access.line(layout_for(environment, host))],
        lambda host: host_context(environment, host, _model(environment), {}),
    )
    unreadable = [
        DeployError(f"cannot read the repository: {why}", host=name, step=access.name, hint=_ACCESS)
        for name, found in answers.items()
        if (why := access.read(name, found))
    ]
    raise_first([*errors.values(), *unreadable])


_ACCESS = "give the host a deploy key that the repository knows, or set ssh.forward_agent"


def inventory(flags: Flags) -> ExitCode:
    """The effective values and where each came from."""
    from deploy.inventory import explain, select

    environment, _ = load(flags)
    wanted = {"", *(host.name for host in select(environment, flags.limit))}
    rows = [list(map(str, row)) for row in explain(environment) if row[0] in wanted]
    print_table(("host", "key", "value", "from"), rows, flags.output)
    return ExitCode.DONE


def schema() -> ExitCode:
    """The JSON Schema of an inventory file."""
    from deploy.inventory import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return ExitCode.DONE


_HISTORY = ("at (UTC)", "host", "revision", "outcome", "who", "duration", "commits", "run")


def ask_hosts(
    environment: Environment, hosts: Sequence[Host], lines: Callable[[Host], Sequence[Line]]
) -> tuple[dict[str, dict[str, Answer]], dict[str, DeployError]]:
    """Ask without a lock; a host that cannot be reached is an error of its own, not of all."""
    with Session(environment, hosts, "ask", "quiet") as session:
        _, lost = session.fleet.each(session.hosts, session.fleet.connect)
        for name in lost:
            del session.hosts[name]
        model = _model(environment)
        answers, errors = session.ask(
            lines, lambda host: host_context(environment, host, model, {})
        )
        return {name: dict(found) for name, found in answers.items()}, {**lost, **errors}
