"""Runs commands on this machine, for environments and tests without SSH.

Each command has a session of its own, so that a Ctrl-C at the terminal does not reach it.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections import deque
from typing import IO

from deploy.transport import ChannelLost, Chunk

_MOST = 1 << 18
_SIGNALLED = 128
_POLL_WITHOUT_PIDFD = 0.05


class LocalTransport:
    """A transport to this machine; nothing is connected."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._channels: list[LocalChannel] = []

    def connect(self) -> None:
        """Nothing to do."""

    def open(self, command: str) -> LocalChannel:
        """Start `/bin/sh -c command`."""
        channel = LocalChannel(command)
        self._channels.append(channel)
        return channel

    def close(self) -> None:
        """Close every channel; safe to call twice."""
        while self._channels:
            self._channels.pop().close()


class LocalChannel:
    """One running command; `settle` as for SSH: silence after its end that counts as the end."""

    def __init__(self, command: str, *, settle: float = 0.5) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        self._settle = settle
        self._chunks: deque[Chunk] = deque()
        self._quiet_since = time.monotonic()
        self._ended = False
        self._closed = False
        self._input = _unblock(self._process.stdin)
        self._outputs = {
            _unblock(self._process.stdout): False,
            _unblock(self._process.stderr): True,
        }
        self._exit = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else -1

    def send(self, data: bytes) -> None:
        """Write all of `data` to standard input, reading output meanwhile.

        What a command that ended did not read is dropped: its exit status tells. Raises
        ChannelLost when the channel was closed.
        """
        if self._closed:
            raise ChannelLost
        rest = memoryview(data)
        while rest:
            rest = rest[self._write(rest) :]

    def receive(self, timeout: float) -> Chunk | None:
        """Output, or None after `timeout` seconds without any, or when the command ended."""
        deadline = time.monotonic() + timeout
        if self._closed:
            raise ChannelLost
        while not self._chunks and not self._ended:
            status = self._process.poll()  # before the streams: what comes in between is seen
            self._wait(0.0)
            if self._chunks:
                break
            silent = time.monotonic() - self._quiet_since >= self._settle
            if status is not None and (not self._outputs or silent):
                self._ended = True
            elif (left := deadline - time.monotonic()) <= 0:
                return None
            else:
                self._wait(left if status is None else min(left, self._settle))
        return self._chunks.popleft() if self._chunks else None

    @property
    def exit_status(self) -> int | None:
        """The exit status once all output was received; 128 + N for signal N; else None."""
        status = self._process.returncode if self._ended and not self._chunks else None
        return status if status is None or status >= 0 else _SIGNALLED - status

    def close(self) -> None:
        """Close the pipes; the command is not ended by this. Safe to call twice."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        self._outputs = {}
        self._closed = True
        ended, self._exit = self._exit, -1  # a signal may come in between, and close again
        if ended >= 0:
            os.close(ended)

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._input, data)
        except BlockingIOError:
            self._wait(None, for_input=True)
            return 0
        except BrokenPipeError:
            return len(data)

    def _wait(self, timeout: float | None, *, for_input: bool = False) -> None:
        """Wait for output, the command's end, or room for input; take what came."""
        poll = select.poll()
        for descriptor in self._outputs:
            poll.register(descriptor, select.POLLIN)
        if for_input:
            poll.register(self._input, select.POLLOUT)
        if self._exit >= 0 and self._process.returncode is None:
            poll.register(self._exit, select.POLLIN)
        elif self._process.returncode is None and timeout:
            timeout = min(timeout, _POLL_WITHOUT_PIDFD)
        for descriptor, _ in poll.poll(None if timeout is None else timeout * 1000):
            if descriptor in self._outputs:
                self._take(descriptor)

    def _take(self, descriptor: int) -> None:
        data = os.read(descriptor, _MOST)
        if data:
            self._quiet_since = time.monotonic()
            self._chunks.append(Chunk(data, self._outputs[descriptor]))
        else:
            del self._outputs[descriptor]


def _unblock(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise ValueError("the process has no pipe")
    os.set_blocking(stream.fileno(), False)
    return stream.fileno()
