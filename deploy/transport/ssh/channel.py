"""One running command on a host: both streams, the exit status, and the loss of the connection.

Woken by events of paramiko's thread, so that waiting costs nothing.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from paramiko import Channel
from paramiko.agent import AgentRequestHandler

from deploy.transport import ChannelLost, Chunk
from deploy.transport.ssh.protocol import ERRORS, start_command

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 1 << 20
_UNKNOWN = -1


class _Wake(Event):
    """Set by either stream, the exit status or the end; only `reset` clears it.

    Paramiko clears a stream's event when that stream is empty, whatever the other one holds.
    """

    def clear(self) -> None:
        pass

    def reset(self) -> None:
        super().clear()


class SshChannel:
    """Runs `command` on an open session channel.

    `settle` is the seconds of silence after which a command that ended counts as ended although
    a child of it keeps the streams open.
    """

    def __init__(
        self, raw: Channel, command: str, forward_agent: bool = False, *, settle: float = 0.5
    ) -> None:
        self._raw = raw
        self._settle = settle
        self._ended = False
        self._quiet_since = time.monotonic()
        self._agent = AgentRequestHandler(raw) if forward_agent else None
        self._wake = _Wake()
        raw.in_buffer.set_event(self._wake)
        raw.in_stderr_buffer.set_event(self._wake)
        raw.status_event = self._wake
        start_command(raw, command)

    def send(self, data: bytes) -> None:
        """Write all of `data` to the command's standard input. Raises ChannelLost.

        What a command that ended did not read is dropped: its exit status tells.
        """
        try:
            self._raw.sendall(data)
        except ERRORS as error:
            if self._raw.exit_status == _UNKNOWN:
                raise ChannelLost(str(error)) from error

    def receive(self, timeout: float) -> Chunk | None:
        """Output, or None after `timeout` seconds without any, or when the command ended.

        Raises ChannelLost when the connection is gone before the exit status came.
        """
        deadline = time.monotonic() + timeout
        while not self._ended:
            self._wake.reset()
            # Read before the streams: what paramiko's thread adds in between is seen next time.
            is_over, is_closed = self._is_over(), self._raw.closed
            if chunk := self._take():
                return chunk
            if is_over:
                self._ended = True
            elif is_closed:
                raise ChannelLost("the connection was lost while the command ran")
            elif not self._wait(deadline):
                return None
        return None

    @property
    def exit_status(self) -> int | None:
        """The exit status once all output was received; 128 + N for signal N; else None."""
        return self._raw.exit_status if self._ended else None

    def close(self) -> None:
        """Close the channel; what runs on the host is not ended by this."""
        with suppress(*ERRORS):
            self._raw.close()
        if self._agent is not None:
            self._agent.close()

    def _is_over(self) -> bool:
        if self._raw.exit_status == _UNKNOWN:
            return False
        silent = time.monotonic() - self._quiet_since >= self._settle
        return bool(self._raw.closed or self._raw.eof_received or silent)

    def _take(self) -> Chunk | None:
        streams: tuple[tuple[Callable[[], bool], Callable[[int], bytes], bool], ...] = (
            (self._raw.recv_stderr_ready, self._raw.recv_stderr, True),
            (self._raw.recv_ready, self._raw.recv, False),
        )
        for is_ready, receive, is_error in streams:
            if is_ready():
                self._quiet_since = time.monotonic()
                return Chunk(receive(_MOST), is_error)
        return None

    def _wait(self, deadline: float) -> bool:
        """Wait for news, until `deadline` or the end of the silence; False when it is past."""
        now = time.monotonic()
        if now >= deadline:
            return False
        limit = deadline - now
        if self._raw.exit_status != _UNKNOWN:
            limit = min(limit, max(0.0, self._quiet_since + self._settle - now))
        self._wake.wait(limit)
        return True
