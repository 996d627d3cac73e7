"""Clients with something to lose for long: a steady stream of 3 s actions, and WebSockets.

Each request and each socket is accounted for.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from http.client import HTTPException
from types import TracebackType

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.accounting import Action
from tests.lab.web import request

_ABNORMAL = 1006
"""The code of a connection that ended without a close frame (RFC 6455, 7.1.5)."""
_HEARTBEAT = 10.0
"""Seconds; a server of primus gives up on a client after 30 and more."""


class Stream:
    """Starts a request of `path` every `interval` seconds, whatever became of the others.

    After the `with` block each is in `actions`, answered or lost.
    """

    def __init__(
        self, address: tuple[str, int], path: str, method: str, interval: float = 0.3
    ) -> None:
        self.actions: list[Action] = []
        self._target = address, path, method
        self._interval = interval
        self._stop = threading.Event()
        self._asked: list[threading.Thread] = []
        self._starter = threading.Thread(target=self._start, daemon=True)

    def __enter__(self) -> Stream:
        self._starter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Start no more, and wait for those under way."""
        self._stop.set()
        self._starter.join()
        for thread in self._asked:
            thread.join()

    def _start(self) -> None:
        while not self._stop.wait(self._interval):
            thread = threading.Thread(target=self._ask, daemon=True)
            thread.start()
            self._asked.append(thread)

    def _ask(self) -> None:
        address, path, method = self._target
        began = time.monotonic()
        try:
            outcome = str(request(address, path, method=method, timeout=30).status)
        except (OSError, HTTPException) as error:
            outcome = type(error).__name__
        self.actions.append(Action(method, began, time.monotonic(), outcome))


class Sockets:
    """WebSockets that live for as long as the server lets them; each that is cut is noted."""

    def __init__(self, address: tuple[str, int], *, pings: bool, count: int = 5) -> None:
        """`pings`: the client does, as primus below 7 wants it; from 7 on the server does."""
        self.count = count
        self._pings = pings
        self.closed: list[tuple[float, int]] = []
        """When, and with which code."""
        self._url = "ws://{}:{}/primus".format(*address)
        self._stop = threading.Event()
        self._open = ExitStack()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Sockets:
        with ExitStack() as stack:
            clients = [stack.enter_context(self._connect()) for _ in range(self.count)]
            self._open = stack.pop_all()
        for client in clients:
            thread = threading.Thread(target=self._hold, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._open.close()

    def _connect(self) -> ClientConnection:
        # Only primus's own heartbeat: the library's would cut a socket whose server is busy.
        return connect(self._url, open_timeout=10, close_timeout=1, ping_interval=None)

    def _hold(self, client: ClientConnection) -> None:
        due = time.monotonic()
        try:
            while not self._stop.is_set():
                if self._pings and time.monotonic() >= due:
                    client.send(f'"primus::ping::{time.time():.0f}"')
                    due += _HEARTBEAT
                with suppress(TimeoutError):
                    said = str(client.recv(timeout=0.2))
                    if "primus::ping::" in said:
                        client.send(said.replace("ping", "pong"))
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else _ABNORMAL
            self.closed.append((time.monotonic(), code))
