"""Tells people how a run goes, through apprise; what cannot be told is a warning, and no more.

A thread of its own sends: the run waits for it in the end only, and only so long.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from deploy import events
from deploy.errors import ExitCode
from deploy.events import Event

LAST_SECONDS = 20
"""Seconds for which the end of a run waits for what is still being sent."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is told, and of what."""

    name: str
    """What a warning calls it: its place in the inventory. The URL never shows."""
    url: str = field(repr=False)
    kinds: tuple[str, ...] = ()
    """`started`, `done`, `failed`, `unknown`."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told."""

    kind: str
    title: str
    body: str


class Notifications:
    """A report that sends; `warn` is told what could not be sent, from a thread."""

    def __init__(self, receivers: Iterable[Receiver], warn: Callable[[str], None]) -> None:
        self._receivers = tuple(receivers)
        self._warn = warn
        self._begun: events.RunStarted | None = None
        self._failures: list[str] = []
        self._waiting: queue.Queue[Message | None] = queue.Queue()
        self._sender = threading.Thread(target=self._send_all, daemon=True)

    def take(self, event: Event) -> None:
        """Take note of one event; the first and the last are told."""
        if isinstance(event, events.RunStarted):
            self._begun = event
            self._sender.start()
            hosts = ", ".join(event.hosts)
            self._tell(Message("started", self._title(event.revision, "started"), hosts))
        elif isinstance(event, events.HostFailed):
            self._failures.append(f"{event.host} {event.step}: {event.message}".strip())
        elif isinstance(event, events.RunFinished):
            kind = kind_of(event.exit_code)
            states = [f"{host}: {state}" for host, state in event.hosts.items()]
            body = "\n".join([event.message, *self._failures, *states])
            revision = self._begun.revision if self._begun else ""
            self._tell(Message(kind, self._title(revision, kind), body))

    def close(self) -> None:
        """Wait for what is being sent, for a while."""
        if not self._sender.ident:
            return
        self._waiting.put(None)
        self._sender.join(LAST_SECONDS)
        if self._sender.is_alive():
            self._warn(f"notifications were given up: not sent after {LAST_SECONDS} s")

    def _title(self, revision: str, kind: str) -> str:
        if self._begun is None:
            return kind
        words = (self._begun.task, revision[:10], "to", self._begun.environment)
        return " ".join(word for word in words if word) + f": {kind}"

    def _tell(self, message: Message) -> None:
        self._waiting.put(message)

    def _send_all(self) -> None:
        while message := self._waiting.get():
            for receiver in self._receivers:
                if message.kind in receiver.kinds and (why := send(receiver, message)):
                    self._warn(f"{receiver.name} was not told of `{message.kind}`: {why}")


def kind_of(code: int) -> str:
    """What an exit code is to those who are told."""
    return {ExitCode.DONE: "done", ExitCode.UNKNOWN: "unknown"}.get(ExitCode(code), "failed")


def send(receiver: Receiver, message: Message) -> str:
    """Send one message; why that did not work, or nothing. The URL shows in neither."""
    import apprise

    logging.getLogger("apprise").disabled = True  # its words hold what URLs hold
    told = apprise.Apprise()
    if not told.add(receiver.url):
        return "its URL is none that apprise knows"
    kinds = {"done": apprise.NotifyType.SUCCESS, "started": apprise.NotifyType.INFO}
    kind = kinds.get(message.kind, apprise.NotifyType.FAILURE)
    try:
        sent = told.notify(title=message.title, body=message.body, notify_type=kind)
    except Exception as error:  # whatever a service does must not end the deploy
        return f"apprise raised {type(error).__name__}"
    return "" if sent else "the service did not take it; try the URL by hand: apprise -vv URL"
