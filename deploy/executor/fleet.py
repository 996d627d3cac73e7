"""Connections to many hosts at once: one thread and one connection a host."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from deploy import events
from deploy.errors import DeployError
from deploy.transport import Transport

T = TypeVar("T")


class Fleet:
    """The hosts of one run. Close it, or use it as a context manager."""

    def __init__(
        self, transports: Mapping[str, Transport], emit: events.Emit, *, max_connects: int = 16
    ) -> None:
        self.transports = dict(transports)
        self.interrupted: KeyboardInterrupt | None = None
        self._emit = emit
        self._connecting = threading.Semaphore(max_connects)
        self._pool = ThreadPoolExecutor(max_workers=max(1, 2 * len(self.transports)))

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, host: str) -> None:
        """Connect to one host, not more than `max_connects` at a time."""
        began = time.monotonic()
        with self._connecting:
            self.transports[host].connect()
        self._emit(events.HostConnected(host, round(time.monotonic() - began, 3)))

    def each(
        self,
        hosts: Iterable[str],
        work: Callable[[str], T],
        on_interrupt: Callable[[str], object] | None = None,
    ) -> tuple[dict[str, T], dict[str, DeployError]]:
        """Do `work` for all hosts at once: results, and every error, by host.

        The first Ctrl-C or SIGTERM calls `on_interrupt` for each host and waits on; a second one,
        or one without `on_interrupt`, is raised.
        """
        futures = {self._pool.submit(work, host): host for host in hosts}
        for _ in self._completed(futures, on_interrupt):
            pass
        results: dict[str, T] = {}
        errors: dict[str, DeployError] = {}
        for future, host in futures.items():
            try:
                results[host] = future.result()
            except DeployError as error:
                error.host = error.host or host
                errors[host] = error
        return results, errors

    def _completed(
        self, futures: Mapping[Future[T], str], on_interrupt: Callable[[str], object] | None
    ) -> Iterable[Future[T]]:
        """Futures as they end; wakes up twice a second, so that a signal is handled at once."""
        pending = set(futures)
        while pending:
            try:
                done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                yield from done
            except KeyboardInterrupt as signal:
                if self.interrupted or on_interrupt is None:
                    raise
                self.interrupted = signal
                for future in pending:
                    self._pool.submit(on_interrupt, futures[future])

    def close(self) -> None:
        """Close every connection."""
        for transport in self.transports.values():
            transport.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
