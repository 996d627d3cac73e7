"""HTTP as a client of the lab's web hosts sees it: one request, or many in the background.

What fails is counted by kind, because "some requests were lost" helps nobody.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any

_CLOSE = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: str

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


def request(
    address: tuple[str, int],
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,
) -> Response:
    """One request on a connection of its own. Raises OSError or HTTPException."""
    connection = HTTPConnection(*address, timeout=timeout)
    try:
        return exchange(connection, path, method, {**_CLOSE, **(headers or {})})
    finally:
        connection.close()


def exchange(
    connection: HTTPConnection, path: str, method: str, headers: Mapping[str, str]
) -> Response:
    """One request on a connection, which is opened if need be. Raises OSError, HTTPException."""
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)


@dataclass(slots=True)
class Load:
    """Clients that ask for one path again and again while the `with` block lasts.

    Bounded by `seconds` and `requests`, whichever comes first. Read the counts after the block:
    then every request was answered, or counted as lost.
    """

    address: tuple[str, int]
    path: str
    clients: int = 4
    seconds: float = 60
    requests: int = 100_000
    timeout: float = 30
    """Seconds after which a request counts as lost."""
    method: str = "GET"
    pause: float = 0
    """Seconds that each client waits between two requests."""
    keep_alive: bool = False
    """Each client keeps its connection for as long as the server does."""
    observe: Callable[[Response], object] = lambda _: None
    """Is shown each answer, on the client's thread."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """By status (`"200"`), or by how it failed (`"ConnectionResetError"`)."""
    revisions: Counter[str] = field(default_factory=Counter)
    """What the `revision` action answered, where that was asked."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _left: int = 0

    @property
    def total(self) -> int:
        """Requests made."""
        return self.outcomes.total()

    @property
    def failed(self) -> dict[str, int]:
        """What went wrong, by kind, and how often; empty when all was well."""
        return {kind: count for kind, count in self.outcomes.items() if not kind.startswith("2")}

    def __enter__(self) -> Load:
        self._left = self.requests
        deadline = time.monotonic() + self.seconds
        for _ in range(self.clients):
            thread = threading.Thread(target=self._ask, args=(deadline,), daemon=True)
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
            thread.join(self.timeout + 5)

    def wait(self, requests: int, timeout: float = 60) -> None:
        """Until that many requests were made. Raises RuntimeError when they never are."""
        deadline = time.monotonic() + timeout
        while self.total < requests:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.total} of {requests} requests made in {timeout:.0f} s")
            self._stop.wait(0.01)

    def _ask(self, deadline: float) -> None:
        connection = HTTPConnection(*self.address, timeout=self.timeout)
        headers = {} if self.keep_alive else _CLOSE
        while not self._stop.is_set() and time.monotonic() < deadline and self._take():
            try:
                answer = exchange(connection, self.path, self.method, headers)
            except (OSError, HTTPException) as error:
                connection.close()
                self._count(type(error).__name__)
            else:
                self._count(str(answer.status), _revision(answer))
                self.observe(answer)
            if not self.keep_alive:
                connection.close()
            if self.pause:
                self._stop.wait(self.pause)
        connection.close()

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def _count(self, kind: str, revision: str | None = None) -> None:
        with self._lock:
            self.outcomes[kind] += 1
            if revision is not None:
                self.revisions[revision] += 1


def _revision(answer: Response) -> str | None:
    if answer.status != 200 or '"revision"' not in answer.body:
        return None
    return str(answer.json()["revision"])
