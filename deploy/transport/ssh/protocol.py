"""Paramiko's protocol with fewer round trips, cheaper algorithms, and signals reported.

Connect and run a script: TCP, banners, key exchange, log-in, channel, command: 6 (ssh: 9).
"""
# ruff: noqa: SLF001 - paramiko has no public place for these; tests/transport would show a change.

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any, cast

from paramiko import Channel, Message, PKey, SSHException, Transport
from paramiko.auth_handler import AuthHandler
from paramiko.common import MSG_CHANNEL_REQUEST, cMSG_CHANNEL_REQUEST
from paramiko.packet import Packetizer

from deploy.transport.ssh.destination import Destination
from deploy.transport.ssh.known_hosts import KnownKey

ERRORS = (SSHException, OSError, EOFError)
"""What paramiko raises when a connection fails; DeployError is none of them."""

_SIGNALLED = 128
_LATER = 5


def _handle_request(channel: Channel, message: Message) -> None:
    """Take note of `exit-signal` (RFC 4254, 6.10), which paramiko drops, as 128 + signal."""
    start = message.packet.tell()
    kind = message.get_text()
    if kind == "exit-signal":
        message.get_boolean()
        number = getattr(signal, f"SIG{message.get_text()}", 127)
        channel.exit_status = _SIGNALLED + number
        channel.status_event.set()
        return
    message.packet.seek(start)
    _handlers[MSG_CHANNEL_REQUEST](channel, message)


_handlers: dict[int, Callable[[Channel, Message], None]]
_handlers = cast("Any", Transport)._channel_handler_table


def start_command(channel: Channel, command: str) -> None:
    """Start `command` without waiting for the word that it started: one round trip less.

    Input may follow at once: a server reads its packets in order. A refusal closes the channel.
    """
    request = Message()
    request.add_byte(cMSG_CHANNEL_REQUEST)
    request.add_int(channel.remote_chanid)
    request.add_string("exec")
    request.add_boolean(True)
    request.add_string(command)
    cast("Any", channel.transport)._send_user_message(request)


class _EagerAuth(AuthHandler):
    """Sends the authentication right behind the service request: one round trip less.

    A server reads its packets in order, so that the answer to the first is settled by then.
    """

    def _request_auth(self) -> None:
        cast("Any", super())._request_auth()
        accepted = Message()
        accepted.add_string("ssh-userauth")
        accepted.rewind()
        cast("Any", super())._parse_service_accept(accepted)

    def _parse_service_accept(self, _message: Message) -> None:
        pass


class _UntimedPacketizer(Packetizer):
    """Starts no thread to watch the handshake: `start_client` has a time limit already."""

    def start_handshake(self, timeout: float) -> None:
        pass


class QuickTransport(Transport):
    """Paramiko's transport, tuned; made by `factory`."""

    _preferred_keys: tuple[str, ...]
    _preferred_kex = (  # cheapest first: 3 ms of CPU a host, 16 to 71 with the group exchanges
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group14-sha256",
    )
    _preferred_ciphers = (
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
    )
    _channel_handler_table = {**_handlers, MSG_CHANNEL_REQUEST: _handle_request}  # noqa: RUF012

    @classmethod
    def factory(
        cls, destination: Destination, known: Sequence[KnownKey]
    ) -> Callable[..., QuickTransport]:
        """What makes the transport to `destination`, given a socket; its known keys go first."""

        def make(sock: socket.socket, **options: Any) -> QuickTransport:
            transport = cls(sock, packetizer_class=_UntimedPacketizer, **options)
            # Later than `start_client` gives up, which alone tells silence from a closed door.
            transport.banner_timeout = destination.connect_timeout + _LATER
            transport.prefer_host_keys({key.type for key in known})
            return transport

        return make

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """No certificates: they would need an authority, and known_hosts has plain keys."""
        return self._preferred_keys

    def _filter_algorithm(self, kind: str) -> tuple[str, ...]:
        """Nothing is ever disabled here, and paramiko asks a hundred times a connection."""
        return cast("tuple[str, ...]", getattr(self, f"_preferred_{kind}"))

    def prefer_host_keys(self, types: set[str]) -> None:
        """Ask for the host keys of `types` first, so that a known one is what is compared."""
        known = {*types, *({"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in types else ())}
        self._preferred_keys = tuple(sorted(self._preferred_keys, key=lambda n: n not in known))

    def auth_publickey(self, username: str, key: PKey, event: Event | None = None) -> list[str]:
        """As paramiko's, with one round trip less."""
        done = event or Event()
        self.auth_handler = handler = _EagerAuth(self)
        handler.auth_publickey(username, key, done)
        return handler.wait_for_response(done)

    def _parse_debug(self, _message: Message) -> None:
        """Nobody reads it, and decoding it is a twentieth of the work."""
