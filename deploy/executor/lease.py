"""The environment's lock on one host.

A channel holds it, and lets go by itself when it hears no heartbeat.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress

from deploy import events
from deploy.errors import DeployError, ExitCode
from deploy.executor.stage import Outcome, StageRun, compile_context
from deploy.plan import Context
from deploy.shell import Call, Line, loader_command
from deploy.transport import Channel, ChannelLost, Transport
from deploy.transport.wire import Report, read_items

BEAT = 15.0
"""Seconds between two heartbeats; the host waits for 45."""


class Lease:
    """Takes the lock and the facts in one script, then keeps the lock until released or lost.

    Where there is a lease to come `after`, the lock is asked for once that one is held.
    """

    def __init__(
        self, transport: Transport, nonce: str, emit: events.Emit, after: Lease | None = None
    ) -> None:
        self.lost = threading.Event()
        self._after = after
        self._is_held = False
        self._decided = threading.Event()
        self._transport = transport
        self._asked: tuple[Context, Sequence[Call], Sequence[Call]] = (Context(), (), ())
        self._nonce = nonce
        self._emit = emit
        self._channel: Channel | None = None
        self._released = threading.Event()
        self._beating: threading.Thread | None = None

    def take(
        self, lines: Sequence[Line], context: Context, first: Sequence[Call], last: Sequence[Call]
    ) -> Outcome:
        """Lock the host and ask it. Raises DeployError when somebody else holds the lock.

        Where the lease to come after could not be had, nothing is asked, and there is no answer.
        """
        self._asked = context, first, last
        try:
            return self._take(lines, context, first, last)
        finally:
            self._decided.set()

    def _take(
        self, lines: Sequence[Line], context: Context, first: Sequence[Call], last: Sequence[Call]
    ) -> Outcome:
        script = compile_context(lines, context, self._nonce, first, last)
        run = StageRun(self._transport.host, "lock", self._emit, context.secrets)
        try:
            self._channel = self._transport.open(loader_command(len(script)))
            if self._after and not self._after.wait():
                self._channel.close()
                self._channel = None
                return run.outcome
            self._channel.send(script)
            status = self._read_until_held(run, self._channel)
        except ChannelLost:
            status = None
        outcome = run.conclude(status)
        if outcome.succeeded:
            self._emit(events.LockTaken(self._transport.host))
            self._beating = threading.Thread(target=self._beat, daemon=True)
            self._beating.start()
        return outcome

    def take_again(self) -> Outcome:
        """Take the lock on a new connection, as `take` did, and ask nothing.

        The calls that take it get the word `again`: this run's own former session may hold it.
        Raises DeployError when somebody else holds it by now.
        """
        context, first, last = self._asked
        self._abandon()
        again = [Call(one.verb, (*one.arguments, "again")) for one in first]
        return self._take((), context, again, last)

    def _abandon(self) -> None:
        """Forget the channel, which is gone: no more heartbeats, and no word to it."""
        self._released.set()
        if self._beating:
            self._beating.join(1)
        self._channel = self._beating = self._after = None
        self._released = threading.Event()
        self.lost.clear()

    def wait(self) -> bool:
        """Wait until the lock is held, facts or not; false when it could not be had."""
        self._decided.wait()
        return self._is_held

    def _read_until_held(self, run: StageRun, channel: Channel) -> int:
        for item in read_items(channel, self._nonce):
            if isinstance(item, Report) and item.type == "locked":
                raise locked(self._transport.host, item.fields["text"])
            if isinstance(item, Report) and item.type == "held":
                self._is_held = True
                self._decided.set()
            elif item is not None:
                run.receive(item)
            if run.outcome.ended:
                return 0
        return channel.exit_status or 0

    @property
    def host(self) -> str:
        """The host whose lock it is."""
        return self._transport.host

    def _beat(self) -> None:
        """Tell the host that the controller lives; notice when the host let go."""
        channel, released = self._channel, self._released
        assert channel is not None  # noqa: S101  # take() set it
        try:
            while not released.wait(BEAT):
                channel.send(b"beat\n")
                channel.receive(0)
                if channel.exit_status is not None:
                    break
            else:
                return
        except ChannelLost:
            pass
        self.lost.set()

    def let_go(self) -> None:
        """Tell the host that it is over; `release` waits for it."""
        if self._channel is None or self._released.is_set():
            return
        self._released.set()
        with suppress(ChannelLost):
            self._channel.send(b"release\n")

    def release(self) -> None:
        """Let go; safe to call twice, and when nothing was taken."""
        self.let_go()
        if self._channel is None:
            return
        if self._beating:
            self._beating.join(1)
        try:
            while self._channel.exit_status is None and self._channel.receive(1.0):
                pass
        except ChannelLost:
            pass
        self._channel.close()
        self._channel = None


def locked(host: str, holder: str) -> DeployError:
    """The error that tells who holds the lock."""
    rows = dict(line.split("=", 1) for line in holder.splitlines() if "=" in line)
    who = rows.get("who", "somebody who left no name")
    return DeployError(
        f"locked by {who} from {rows.get('from', 'an unknown machine')}"
        f" since {rows.get('since', 'an unknown time')} for {rows.get('task', 'an unknown task')}",
        host=host,
        hint="wait for it; a dead run lets go within 60 s; `invoke unlock` ends a living one",
        exit_code=ExitCode.LOCKED,
    )
