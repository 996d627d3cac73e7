"""`invoke status`: what every host is and runs, one round trip a host, once or again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime

from deploy.app import Flags, load
from deploy.app.drifting import Drifts
from deploy.app.operating import _model
from deploy.checks.status import FleetView, Seen, Silent, read_host, silent
from deploy.checks.status.rules import is_well, judge_fleet
from deploy.errors import DeployError, ExitCode, Terminated
from deploy.facts.host import fact_lines
from deploy.facts.look import Look
from deploy.facts.records import Deploys, Lock
from deploy.inventory import Host, layout_for
from deploy.plan import Context
from deploy.reports.status_json import status_line
from deploy.session import Answers, Session
from deploy.shell import Line
from deploy.steps.files import describe_config
from deploy.strategies.common import host_context


def status(again: bool, interval: int, flags: Flags) -> ExitCode:
    """Every host as it is; exit 1 when something wants a hand. Raises DeployError (usage)."""
    if interval < 1:
        raise DeployError(
            f"--interval {interval} is less than a second",
            hint="whole seconds: --interval 5",
            exit_code=ExitCode.USAGE,
        )
    environment, hosts = load(flags)
    with Session(environment, hosts, "status", "quiet") as session:
        watcher = Watcher(session, hosts)
        if again:
            return watch(watcher.look, interval, flags.output)
        view = watcher.look()
        _show(view, flags.output)
        return ExitCode.DONE if is_well(judge_fleet(view)) else ExitCode.FAILED


class Watcher:
    """Asks all hosts at once, over connections that it keeps; one that was lost is made again."""

    def __init__(self, session: Session, hosts: Sequence[Host]) -> None:
        self._session = session
        self._hosts = {host.name: host for host in hosts}
        self._connected: set[str] = set()
        self.drifts = Drifts(session.environment)
        """Tells what of a host's files drifted."""

    def look(self) -> FleetView:
        """All hosts as they are now; who gives no answer is among them, with the reason."""
        answers, errors = self.ask()
        found = tuple(self._read(host, answers, errors) for host in self._hosts.values())
        return FleetView(self._session.environment, found)

    def ask(self) -> tuple[Answers, dict[str, DeployError]]:
        """What every host answers, and why the others do not."""
        errors = self._connect()
        answers, more = self._session.ask(self._lines, self._context)
        for name in more:
            self._session.fleet.transports[name].close()
        self._connected = set(answers)
        return answers, {**errors, **more}

    def _connect(self) -> dict[str, DeployError]:
        missing = [name for name in self._hosts if name not in self._connected]
        _, lost = self._session.fleet.each(missing, self._session.fleet.connect)
        there = {name: host for name, host in self._hosts.items() if name not in lost}
        self._session.hosts = there
        return lost

    def _lines(self, host: Host) -> list[Line]:
        layout = layout_for(self._session.environment, host)
        more = (Look.line(layout), Lock.line(layout), Deploys.line(layout))
        return [*fact_lines(layout), *more, *self.drifts.lines(host)]

    def _context(self, host: Host) -> Context:
        environment = self._session.environment
        own = host_context(environment, host, _model(environment), {})
        files = describe_config(layout_for(environment, host))
        return replace(own, calls=(*own.calls, files))

    def _read(
        self,
        host: Host,
        answers: Answers,
        errors: Mapping[str, DeployError],
    ) -> Seen | Silent:
        if host.name in errors:
            return silent(host, errors[host.name])
        own = answers[host.name]
        return read_host(host, own, self.drifts.compare(host, own))


def watch(look: Callable[[], FleetView], interval: int, output: str) -> ExitCode:
    """Until Ctrl-C, which is how it ends."""
    try:
        with ExitStack() as stack:
            show: Callable[[FleetView, str], None] = _show
            if output != "json" and sys.stdout.isatty():
                from deploy.reports.status_live import LivePage

                page = stack.enter_context(LivePage(interval))
                show = page.show
            while True:
                began = time.monotonic()
                view = look()
                show(view, output)
                time.sleep(max(0.0, interval - (time.monotonic() - began)))
    except KeyboardInterrupt as signal:
        return ExitCode.TERMINATED if isinstance(signal, Terminated) else ExitCode.INTERRUPTED


def _show(view: FleetView, output: str) -> None:
    findings, at = judge_fleet(view), datetime.now().astimezone()
    if output == "json":
        print(status_line(view, findings, at), flush=True)
        return
    from deploy.reports.status import print_status

    print_status(view, findings, at)
