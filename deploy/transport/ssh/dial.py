"""Opens the byte stream that SSH runs over: a TCP connection, or a ProxyCommand."""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass

from deploy.transport.ssh.destination import Destination

_MOST = 1 << 17


@dataclass(slots=True)
class Dialled:
    """An open stream, and the process behind it where there is one."""

    socket: socket.socket
    process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """Close the stream and end the process; safe to call twice."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes paramiko's thread at once
        self.socket.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def dial(to: Destination, *, lost_after: int) -> Dialled:
    """Connect to `to`; `lost_after` is the seconds after which unanswered data means a lost host.

    Raises OSError: socket.gaierror, TimeoutError, ConnectionRefusedError …
    """
    if to.proxy_command is not None:
        return _run_proxy(to.proxy_command)
    sock = _PromptSocket.adopt(socket.create_connection((to.address, to.port), to.connect_timeout))
    # Before the key exchange: paramiko never sets it, and each small packet then waits for an
    # acknowledgement (65 ms instead of 25 on loopback).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: keepalives alone are never missed by paramiko
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, lost_after * 1000)
    return Dialled(sock)


class _PromptSocket(socket.socket):
    """Acknowledges at once what it received, and takes all that is there.

    sshd sets TCP_NODELAY for terminals only: each of its small packets waits until we
    acknowledged the one before, for which the kernel would take 40 ms. Paramiko reads a header
    and then a body, each with two system calls.
    """

    _quick = getattr(socket, "TCP_QUICKACK", None)
    _read = b""
    _at = 0

    @classmethod
    def adopt(cls, sock: socket.socket) -> _PromptSocket:
        timeout = sock.gettimeout()
        adopted = cls(sock.family, sock.type, sock.proto, fileno=sock.detach())
        adopted.settimeout(timeout)
        return adopted

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self._at == len(self._read):
            self._read = super().recv(_MOST, flags)
            self._at = 0
            if self._quick is not None:  # the kernel forgets it again, hence each time
                self.setsockopt(socket.IPPROTO_TCP, self._quick, 1)
        start, self._at = self._at, min(self._at + size, len(self._read))
        return self._read[start : self._at]


def _run_proxy(command: str) -> Dialled:
    """A socket pair instead of two pipes, so that there is one thing to wait for."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Dialled(ours, process)
