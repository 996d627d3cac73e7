"""Turns what went wrong while connecting into words for a person."""

from __future__ import annotations

import socket

from paramiko import ChannelException
from paramiko.ssh_exception import IncompatiblePeer

from deploy.errors import DeployError
from deploy.transport.ssh.destination import Destination

_STEP = "connect"


def explain(error: BaseException, to: Destination, host: str) -> DeployError:
    """The error that names `host`, what happened at `to` and what to do next."""
    message, hint = _words(error, to)
    return DeployError(message, hint=hint, host=host, step=_STEP)


def _words(error: BaseException, to: Destination) -> tuple[str, str]:
    by_hand = f"try by hand: ssh -v -p {to.port} {to.user}@{to.address}"
    if isinstance(error, socket.gaierror):
        return (
            f"the name {to.address!r} does not resolve ({error.strerror})",
            "check `address` in the inventory, and HostName in the ssh configuration",
        )
    if isinstance(error, ConnectionRefusedError):
        return f"{to.place} refused the connection", "is sshd running there, on this port?"
    if isinstance(error, TimeoutError) or _is_unanswered(error):
        return (
            f"{to.place} did not answer within {to.connect_timeout} s",
            "a firewall, a VPN or a missing `gateway`? `ssh.connect_timeout` is the limit",
        )
    if isinstance(error, ChannelException):
        return (
            f"the jump host {to.jumps[-1].place if to.jumps else ''} could not reach {to.place}:"
            f" {error.text or error.args[-1]}",
            "see AllowTcpForwarding on the jump host, and the address as seen from there",
        )
    if isinstance(error, IncompatiblePeer):
        return f"{to.place} shares no algorithm with us: {error}", by_hand
    if _is_banner(error):
        return (
            f"{to.place} closed the connection before it said a word of SSH",
            "a ban, hosts.deny, MaxStartups (lower `ssh.max_connects`), or no SSH server there;"
            f" {by_hand}",
        )
    return f"no SSH session with {to.place}: {error or type(error).__name__}", by_hand


def _is_unanswered(error: BaseException) -> bool:
    """Paramiko goes on when the key exchange takes too long, and then misses its session."""
    return "No existing session" in str(error) or "timed out" in str(error)


def _is_banner(error: BaseException) -> bool:
    return isinstance(error, EOFError | ConnectionResetError) or "protocol banner" in str(error)
