"""Connections to many hosts at once: one thread and one connection a host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

from deploy import events
from deploy.errors import DeployError
from deploy.plan import CONTROLLER
from deploy.transport import Transport

_POLL = 0.2
"""Seconds between two looks."""
T = TypeVar("T")
Futures = Mapping[Future[T], str]
Look = Callable[[Sequence[str]], object]
"""Is called now and then with the hosts that are not ready yet."""
"""Work under way, and the host of each."""
Connecting = Futures[events.HostConnected]


class Fleet:
    """The hosts of one run. Close it, or use it as a context manager."""

    def __init__(
        self,
        transports: Mapping[str, Transport],
        emit: events.Emit,
        *,
        max_connects: int = 16,
        controller: Transport | None = None,
    ) -> None:
        self.transports = dict(transports)
        self._controller = controller
        self._emit = emit
        self._connecting = threading.Semaphore(max_connects)

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def transport(self, host: str) -> Transport:
        """How to reach a host, or the controller. Raises KeyError for any other name."""
        if host == CONTROLLER and self._controller:
            return self._controller
        return self.transports[host]

    def connect(self, host: str) -> None:
        """Connect to one host, and tell it."""
        self._emit(self._dial(host))

    def _dial(self, host: str) -> events.HostConnected:
        """Connect to one host, not more than `max_connects` at a time."""
        began = time.monotonic()
        with self._connecting:
            self.transports[host].connect()
        return events.HostConnected(host, round(time.monotonic() - began, 3))

    def connect_soon(self) -> Connecting:
        """Begin to connect to every host, for `finish_connecting`."""
        return {_begin(self._dial, host): host for host in self.transports}

    def finish_connecting(self, begun: Connecting) -> dict[str, DeployError]:
        """Wait until every host is connected, telling each; the errors by host."""
        return self._collect(begun, on_result=self._emit)[1]

    def each(
        self,
        hosts: Iterable[str],
        work: Callable[[str], T],
        look: Look | None = None,
    ) -> tuple[dict[str, T], dict[str, DeployError]]:
        """Do `work` for all hosts at once: results, and every error, by host."""
        return self._collect({_begin(work, host): host for host in hosts}, look)

    def start(self, work: Callable[[str], object], host: str) -> None:
        """Do `work` for one host beside what it is doing; nobody waits for it."""
        _begin(work, host)

    def _collect(
        self,
        futures: Futures[T],
        look: Look | None = None,
        on_result: Callable[[T], object] = lambda _: None,
    ) -> tuple[dict[str, T], dict[str, DeployError]]:
        for future in self._completed(futures, look):
            if future.exception() is None:
                on_result(future.result())
        results: dict[str, T] = {}
        errors: dict[str, DeployError] = {}
        for future, host in futures.items():
            try:
                results[host] = future.result()
            except DeployError as error:
                error.host = error.host or host
                errors[host] = error
        return results, errors

    def _completed(self, futures: Futures[T], look: Look | None) -> Iterable[Future[T]]:
        """Futures as they end; wakes up to look, so that a signal is noticed soon."""
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=_POLL, return_when=FIRST_COMPLETED)
            yield from done
            if look and pending:
                look([futures[future] for future in pending])

    def close(self) -> None:
        """Close every connection; nobody waits for one that is just being made."""
        for transport in self.transports.values():
            transport.close()
        if self._controller:
            self._controller.close()


def _begin(work: Callable[[str], T], host: str) -> Future[T]:
    """Do `work` for a host in a thread of its own.

    Python waits for a pool's threads before it ends, and a host that does not answer would keep
    one, and a person who pressed Ctrl-C, for the whole of its time limit.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work(host))
        except BaseException as error:  # raised again by whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
