"""SSH connections over Fabric: the only room that knows fabric and paramiko.

Import it late: importing the two takes longer than connecting does.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cache
from typing import Any

from fabric import Config, Connection  # type: ignore[import-untyped]
from paramiko import SSHConfig

from deploy.errors import DeployError
from deploy.inventory.models import Host, Ssh
from deploy.transport.ssh.channel import SshChannel
from deploy.transport.ssh.destination import Destination, resolve
from deploy.transport.ssh.dial import Dialled, dial
from deploy.transport.ssh.faults import explain
from deploy.transport.ssh.host_keys import KnownKeysOnly
from deploy.transport.ssh.known_hosts import known_keys
from deploy.transport.ssh.login import KeyLogin
from deploy.transport.ssh.protocol import ERRORS, QuickTransport

__all__ = ["SshTransport"]

# Without a handler, Python prints paramiko's errors on standard error, beside our own.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class _PlainConnection(Connection):  # type: ignore[misc]  # fabric has no types
    """Fabric's connection without the bookkeeping of settings: a seventh of the CPU of a host."""

    __setattr__ = object.__setattr__


class SshTransport:
    """A connection to one host, through its jump hosts, with every host key verified.

    The inventory's user, port and gateway win over the OpenSSH client configuration, which
    wins over the defaults.
    """

    def __init__(self, host: Host, ssh: Ssh) -> None:
        self.host = host.name
        self._inventory = host
        self._ssh = ssh
        self._hops: list[Connection] = []
        self._sockets: list[Dialled] = []
        self._forward_agent = False

    def connect(self) -> None:
        """Connect and authenticate. Raises DeployError that names the host and what to do."""
        destination = resolve(self._inventory, self._ssh)
        self._forward_agent = destination.forward_agent
        try:
            for hop in (*destination.jumps, destination):
                self._hop(hop)
        except BaseException:
            self.close()
            raise

    def open(self, command: str) -> SshChannel:
        """Start `command` on a new channel. Raises DeployError where the host refuses one."""
        protocol = self._protocol()
        try:
            return SshChannel(protocol.open_session(), command, self._forward_agent)
        except ERRORS as error:
            raise DeployError(
                f"no channel could be opened: {error}",
                host=self.host,
                hint="see MaxSessions in the host's sshd_config, and whether it is still up",
            ) from error

    def close(self) -> None:
        """Close the connection and those to jump hosts; safe to call twice."""
        while self._hops:
            with suppress(*ERRORS):
                self._hops.pop().client.close()
        while self._sockets:
            self._sockets.pop().close()

    def _hop(self, hop: Destination) -> None:
        """Log in to `hop`, through the one before it."""
        known = known_keys(hop)
        try:
            connection = _PlainConnection(
                hop.address,
                user=hop.user,
                port=hop.port,
                config=_fabric_config(),
                gateway=False,
                forward_agent=False,
                connect_timeout=hop.connect_timeout,
                connect_kwargs={
                    "sock": self._socket(hop),
                    "transport_factory": QuickTransport.factory(hop, known),
                    "auth_strategy": KeyLogin(hop, self.host),
                    "auth_timeout": hop.connect_timeout,
                    "channel_timeout": hop.connect_timeout,
                },
            )
            self._hops.append(connection)
            connection.client.set_missing_host_key_policy(KnownKeysOnly(known, hop, self.host))
            connection.open()
        except ERRORS as error:
            raise explain(error, hop, self.host) from error
        self._protocol().set_keepalive(self._ssh.keepalive)

    def _socket(self, hop: Destination) -> Any:
        """A socket to `hop`, or a channel to it on the jump host before it."""
        if self._hops:
            return self._protocol().open_channel(
                "direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0)
            )
        self._sockets.append(dial(hop, lost_after=3 * self._ssh.keepalive))
        return self._sockets[-1].socket

    def _protocol(self) -> QuickTransport:
        protocol = self._hops[-1].client.get_transport() if self._hops else None
        if not isinstance(protocol, QuickTransport):
            raise DeployError("not connected", host=self.host)
        return protocol


@cache
def _fabric_config() -> Config:
    """One empty configuration for all: making one reads files and costs 1 ms a connection."""
    return Config(ssh_config=SSHConfig(), lazy=True)
