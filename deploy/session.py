"""One run: its id and nonce, its reports, its connections and locks, from opening to the end."""

from __future__ import annotations

import getpass
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from types import FrameType

from deploy import events
from deploy.errors import DeployError, ExitCode, Terminated
from deploy.executor.fleet import Connecting, Fleet
from deploy.executor.interrupts import Interrupts
from deploy.executor.lease import Lease
from deploy.executor.result import Result, failure_of, raise_first
from deploy.executor.runner import Runner
from deploy.executor.stage import StageRun, compile_context, run_stage
from deploy.facts import Answer
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, Host, Ssh
from deploy.plan import CONTROLLER, Context, Plan
from deploy.reports import Broadcast
from deploy.reports.output import make_reports
from deploy.shell import Line, call
from deploy.transport import Transport
from deploy.transport.local import LocalTransport

Answers = dict[str, Mapping[str, Answer]]
"""What each host answered, by host and by fact."""


class Session:
    """A run over some hosts of an environment; a context manager that lets go of everything."""

    def __init__(
        self,
        environment: Environment,
        hosts: Sequence[Host],
        task: str,
        output: str,
        page: str = "",
    ) -> None:
        now = datetime.now(timezone.utc)
        self.environment = environment
        self.hosts = {host.name: host for host in hosts}
        self.task = task
        self.run = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self.started = now
        self._nonce = secrets.token_hex(16)
        self.began = time.monotonic()
        """When the command began, by that clock; a task that began earlier says so."""
        self._leases: list[Lease] = []
        self.interrupts = Interrupts()
        self._connecting: Connecting = {}
        self._is_started = False
        self._is_finished = False
        self.emit = Broadcast(make_reports(output, self.run, page))
        transports = {
            name: make_transport(host, environment.ssh) for name, host in self.hosts.items()
        }
        self.fleet = Fleet(
            transports,
            self.emit,
            max_connects=environment.ssh.max_connects,
            controller=LocalTransport(CONTROLLER),
        )

    def __enter__(self) -> Session:
        self._old_handler = signal.signal(signal.SIGTERM, _terminate)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self.fleet.close()
        self.emit.close()
        signal.signal(signal.SIGTERM, self._old_handler)

    def start(self, revision: str = "") -> None:
        """Tell the reports that the run begins."""
        self._is_started = True
        names = tuple(self.hosts)
        who = getpass.getuser()
        name = self.environment.name
        self.emit(events.RunStarted(self.run, self.task, name, names, revision, who))

    def connect_soon(self) -> None:
        """Begin to connect to every host, while something else is done."""
        self._connecting = self._connecting or self.fleet.connect_soon()

    def connect(self) -> None:
        """Wait until every host is connected. Raises DeployError with all that failed."""
        self.connect_soon()
        raise_first(self.fleet.finish_connecting(self._connecting).values())

    def ask(
        self, lines: Callable[[Host], Sequence[Line]], context: Callable[[Host], Context]
    ) -> tuple[Answers, dict[str, DeployError]]:
        """One round trip a host, without a lock: answers, and the hosts that gave none."""

        def work(name: str) -> Mapping[str, Answer]:
            host = self.hosts[name]
            run = StageRun(name, "ask", self.emit)
            script = compile_context(lines(host), context(host), self._nonce)
            outcome = run_stage(self.fleet.transports[name], script, self._nonce, run)
            return outcome.read()

        return self.fleet.each(self.hosts, work)

    def lock(
        self,
        lines: Callable[[Host], Sequence[Line]],
        context: Callable[[Host], Context],
        wait: int = 0,
    ) -> Answers:
        """Take every host's lock and ask it, the first host first: it decides between two runs.

        Waits in its queue for at most `wait` seconds. Raises DeployError when any lock is held by
        somebody else; those taken are let go.
        """

        leases = self._make_leases()

        def work(name: str) -> Mapping[str, Answer]:
            host = self.hosts[name]
            state = layout_for(self.environment, host).state
            outcome = leases[name].take(
                lines(host),
                context(host),
                [call("take_lock", state, self._holder(), self.run, wait)],
                [call("hold_lease", state, self.run)],
            )
            return outcome.read()

        answers, errors = self.fleet.each(leases, work)
        raise_first(errors.values())
        return answers

    def _make_leases(self) -> dict[str, Lease]:
        """A lease a host; all others come after the first in sorted order."""
        leases: dict[str, Lease] = {}
        for name in sorted(self.hosts):
            first = next(iter(leases.values()), None)
            leases[name] = Lease(self.fleet.transports[name], self._nonce, self.emit, first)
        self._leases += leases.values()
        return leases

    def carry_out(self, plan: Plan) -> Result:
        """Tell a plan, and run it on the hosts whose locks are held; do it within `interrupts`."""
        self.emit(events.Planned(plan.to_json()))
        asked = (self.fleet, self.emit, self._nonce, self._leases, self.interrupts, self.began)
        return Runner(*asked).carry_out(plan)

    def write_down(self, plan: Plan) -> Result:
        """Run a plan that only takes notes, whatever signals came; a fault is a warning."""
        return self._run_to_the_end(plan, _silent)

    def conclude(self, plan: Plan) -> None:
        """Run a plan that comes after all decisions, and tell it; a fault is a warning."""
        self._run_to_the_end(plan, self._without_failures)

    def _run_to_the_end(self, plan: Plan, emit: events.Emit) -> Result:
        result = Runner(self.fleet, emit, self._nonce).carry_out(plan)
        for failure in result.failures:
            self.emit(events.Warned(failure.host, failure.step, failure.message))
        return result

    def _without_failures(self, event: events.Event) -> None:
        if not isinstance(event, events.HostFailed):
            self.emit(event)

    def release(self) -> None:
        """Let go of every lock."""
        for lease in self._leases:
            lease.let_go()
        for lease in self._leases:
            lease.release()
        self._leases.clear()

    def fail(self, error: DeployError) -> ExitCode:
        """Report an error that ended the run, perhaps before it began."""
        if not self._is_started:
            self.start()
        for one in (error, *error.others):
            self.emit(failure_of(one))
        return self.finish(error.exit_code, _ENDINGS.get(error.exit_code, _FAILED), {})

    def stop(self, signal: KeyboardInterrupt) -> ExitCode:
        """Report a signal that ended the run before anything was changed."""
        if not self._is_started:
            self.start()
        terminated = isinstance(signal, Terminated)
        code = ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED
        return self.finish(code, "interrupted; nothing was changed", {})

    def finish(self, code: ExitCode, message: str, hosts: Mapping[str, str]) -> ExitCode:
        """Report the end of the run."""
        self._is_finished = True
        seconds = round(self.seconds, 2)
        self.emit(events.RunFinished(self.run, int(code), message, seconds, dict(hosts)))
        return code

    def warn(self, text: str) -> None:
        """Tell of something beside the run; after its last event, on standard error."""
        if self._is_finished:
            print(f"! {text}", file=sys.stderr)
        else:
            self.emit(events.Warned("", "notify", text))

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    def _holder(self) -> str:
        return (
            f"who={getpass.getuser()}\nfrom={socket.gethostname()}\n"
            f"since={self.started.isoformat(timespec='seconds')}\ntask={self.task}\nrun={self.run}"
        )


_FAILED = "failed; nothing was changed"
_ENDINGS = {
    ExitCode.LOCKED: "locked; nothing was changed",
    ExitCode.UNKNOWN: "unknown state: look with `invoke status` before anything else",
}


def make_transport(host: Host, ssh: Ssh) -> Transport:
    """The transport that the inventory names; imported only when it is used."""
    if host.settings.transport == "local":
        return LocalTransport(host.name)
    from deploy.transport.ssh import SshTransport

    return SshTransport(host, ssh)


def _silent(_: events.Event) -> None:
    """Taking notes is not worth a line."""


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
