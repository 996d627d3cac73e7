"""All that asks a lab's web hosts while new code is put live, each through its own nginx.

What the clients lose is counted; what they are answered tells when each host switched.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from benchmarks.accounting import Action, Answer, Cut, Round, has_settled, in_flight, switch_of
from benchmarks.in_flight import Sockets, Stream
from benchmarks.wrk import Wrk
from tests.lab import Lab, Load, Response
from tests.lab.demo import WEB_HOSTS
from tests.lab.processes import wait_until
from tests.lab.site import WORKERS

_PATH = "/api/revision"
_QUIET = 3.0
"""Seconds in which nobody but new code answers: then a host has switched."""
_PATIENCE = 120.0
"""Seconds that the switch may take after the command has ended."""


class HostTraffic:
    """The clients of one web host, for a `with` block."""

    def __init__(self, lab: Lab, host: str) -> None:
        address = lab.web_address(host)
        self.host = host
        self.answers: list[Answer] = []
        self.wrk = Wrk("http://{}:{}{}".format(*address, _PATH))
        self.loads = [self._load(lab, keep_alive=kept) for kept in (True, False)]
        self.streams = [Stream(address, "/api/slow", method) for method in ("GET", "POST")]
        self.sockets = Sockets(address, pings=lab.site.app < 15)
        self._clients = ExitStack()

    def __enter__(self) -> HostTraffic:
        with ExitStack() as stack:
            clients: list[AbstractContextManager[object]] = [
                self.sockets, *self.loads, *self.streams, self.wrk
            ]  # fmt: skip
            for client in clients:
                stack.enter_context(client)
            self._clients = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The long requests end under load, and so does nothing that is measured.
        with self._clients:
            for stream in self.streams:
                stream.end()

    @property
    def actions(self) -> Iterable[Action]:
        """Every long request that has ended."""
        return (action for stream in self.streams for action in stream.actions)

    def is_full(self) -> bool:
        """As many long requests are in flight as there will ever be."""
        return all(len(stream.actions) > 1 for stream in self.streams)

    def has_settled(self, wanted: str) -> bool:
        """All workers have answered for a while, and only with the revision that is wanted."""
        return has_settled(tuple(self.answers), wanted, time.monotonic() - _QUIET, WORKERS)

    def outcomes(self) -> Counter[str]:
        """Of all short requests."""
        return sum((load.outcomes for load in self.loads), Counter(self.wrk.outcomes))

    def _load(self, lab: Lab, *, keep_alive: bool) -> Load:
        return lab.load(
            self.host,
            _PATH,
            clients=1,
            pause=0.02,
            seconds=900,
            requests=1_000_000,
            keep_alive=keep_alive,
            observe=self._note,
        )

    def _note(self, response: Response) -> None:
        if response.status == 200:
            said = response.json()
            self.answers.append(Answer(time.monotonic(), said["pid"], str(said["revision"])))


class Traffic:
    """The clients of every web host, for a `with` block; `round` says afterwards what they met."""

    def __init__(self, lab: Lab) -> None:
        self._hosts = [HostTraffic(lab, host) for host in WEB_HOSTS]
        self._clients = ExitStack()
        self._began = 0.0
        self._seconds = 0.0

    def __enter__(self) -> Traffic:
        with ExitStack() as stack:
            for host in self._hosts:
                stack.enter_context(host)
            wait_until(self._is_full, "3 s actions that are answered")
            self._clients = stack.pop_all()
        self._began = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clients.__exit__(kind, error, trace)

    def note_end(self) -> None:
        """The command has ended."""
        self._seconds = time.monotonic() - self._began

    def settle(self, wanted: str) -> str:
        """Wait until all hosts have switched; which ones did not, in words, or nothing."""
        deadline = time.monotonic() + _PATIENCE
        while late := [one.host for one in self._hosts if not one.has_settled(wanted)]:
            if time.monotonic() > deadline:
                return f"{', '.join(late)}: not only revision {wanted} after {_PATIENCE:.0f} s"
            time.sleep(0.1)
        return ""

    def round(self, old: str, fault: str = "") -> Round:
        """What the round came to, in which revision `old` was replaced."""
        actions: list[Action] = []
        cuts: list[Cut] = []
        for host in self._hosts:
            switch = switch_of(host.answers, old)
            actions += in_flight(host.actions, switch)
            since = switch.begin if switch else self._began
            cuts += [Cut(code, at - self._began, at - since) for at, code in host.sockets.closed]
        return Round(
            seconds=self._seconds,
            outcomes=sum((host.outcomes() for host in self._hosts), Counter[str]()),
            actions=tuple(actions),
            sockets=sum(host.sockets.count for host in self._hosts),
            cuts=tuple(cuts),
            fault=fault,
        )

    def _is_full(self) -> bool:
        return all(host.is_full() for host in self._hosts)
