"""`invoke logs` and `invoke run`: what all hosts wrote, and what they say to one command."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from deploy.app import Flags, confirm, load
from deploy.app.queueing import connect
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts.logs import LINES, LogLine, LogState, logs_fact
from deploy.inventory import Environment, Host, layout_for
from deploy.inventory.layout import ReleasesLayout
from deploy.plan import Context
from deploy.reports.log_lines import HostLine, print_groups, print_lines
from deploy.session import Session
from deploy.shell import Line, call

PAUSE = 1.0
"""Seconds between two looks with --follow."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def logs(follow: bool, grep: str, since: str, flags: Flags) -> ExitCode:
    """Merge the logs of all hosts in the order of their times; go on until Ctrl-C to follow."""
    pattern, start = _pattern(grep), _moment(since)
    environment, hosts = load(flags)
    names = [host.name for host in hosts]
    most = 0 if grep or since else LINES
    with Session(environment, hosts, "logs", "quiet") as session:
        errors = connect(session)
        raise_first(errors.values() if not session.hosts else ())
        told: set[str] = set()
        states: dict[str, LogState] = {}
        while True:
            states, lost = _read(session, states, most)
            lines = sorted(_chosen(states, pattern, start), key=lambda one: one.line.at)
            print_lines(lines, names, flags.output)
            errors |= lost
            _warn(states, errors, told, flags.output)
            if not follow:
                break
            time.sleep(PAUSE)
    return ExitCode.FAILED if errors else ExitCode.DONE


def _read(
    session: Session, before: dict[str, LogState], most: int
) -> tuple[dict[str, LogState], dict[str, DeployError]]:
    """What is new on every host; one that gives no answer is asked again."""
    facts = {
        name: logs_fact(host, before[name].seen if name in before else {}, most)
        for name, host in session.hosts.items()
    }

    def lines(host: Host) -> list[Line]:
        return [facts[host.name].line(layout_for(session.environment, host))]

    answers, errors = session.ask(lines, lambda _: Context())
    found = {name: facts[name].read(name, answer) for name, answer in answers.items()}
    left = {name: LogState((), (), state.seen) for name, state in before.items()}
    return {**left, **found}, errors


def _chosen(
    states: dict[str, LogState], pattern: re.Pattern[str] | None, start: datetime | None
) -> Iterator[HostLine]:
    for name, state in states.items():
        for line in state.lines:
            if _fits(line, pattern, start):
                yield HostLine(name, line)


def _fits(line: LogLine, pattern: re.Pattern[str] | None, start: datetime | None) -> bool:
    is_late = start is None or line.at >= start
    return is_late and (pattern is None or pattern.search(line.text) is not None)


def _warn(
    states: dict[str, LogState],
    errors: dict[str, DeployError],
    told: set[str],
    output: str,
) -> None:
    """Each thing that could not be read, once."""
    said = [
        f"{name}: {path} cannot be read by the deploy user; adm may (usermod -aG adm USER)"
        for name, state in states.items()
        for path in state.unreadable
    ]
    for text in [*said, *map(str, errors.values())]:
        if text not in told and output != "json":
            print(f"! {text}", flush=True)
        told.add(text)


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise DeployError(
            f"--grep {text!r} is no regular expression: {error}",
            hint="put a \\ before characters that mean something else: \\( \\[ \\*",
            exit_code=ExitCode.USAGE,
        ) from None


def _moment(text: str) -> datetime | None:
    """`10m`, `2h`, `1d` ago, or an ISO 8601 time; without a zone it is this machine's."""
    if not text:
        return None
    if found := re.fullmatch(r"(\d+)([smhd])", text):
        ago = timedelta(seconds=int(found[1]) * _UNITS[found[2]])
        return datetime.now(timezone.utc) - ago
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone()
    except ValueError:
        raise DeployError(
            f"--since {text!r} is no time",
            hint="how long ago (90s, 10m, 2h, 1d), or 2026-11-25T21:00:00Z",
            exit_code=ExitCode.USAGE,
        ) from None


def run(command: str, timeout: int, flags: Flags) -> ExitCode:
    """Run a command line on every host; hosts that say the same stand together."""
    environment, hosts = load(flags)
    confirm(environment, flags)

    def lines(host: Host) -> list[Line]:
        asked = call("run_command", _directory(environment, host), timeout, command)
        return [Line("run", asked, is_fact=True)]

    with Session(environment, hosts, "run", "quiet") as session:
        errors = connect(session)
        answers, lost = session.ask(lines, _context)
    errors |= lost
    groups: dict[tuple[int, str], list[str]] = {}
    for name in (host.name for host in hosts if host.name in answers):
        answer = answers[name]["run"]
        groups.setdefault((answer.code, answer.text), []).append(name)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    print_groups([(names, code, text) for (code, text), names in ordered], flags.output)
    raise_first(errors.values())
    return ExitCode.DONE if all(code == 0 for code, _ in groups) else ExitCode.FAILED


def _directory(environment: Environment, host: Host) -> str:
    layout = layout_for(environment, host)
    return layout.current if isinstance(layout, ReleasesLayout) else layout.app


def _context(host: Host) -> Context:
    return Context(path=(host.settings.node_bin,) if host.settings.node_bin else ())
