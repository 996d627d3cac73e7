"""Refuses every host key that is not known, and says how to look at it and accept it."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Sequence
from typing import NoReturn

from paramiko import MissingHostKeyPolicy, PKey, SSHClient

from deploy.errors import DeployError
from deploy.transport.ssh.destination import Destination
from deploy.transport.ssh.known_hosts import KnownKey, host_key_names

_STEP = "verify host key"


class KnownKeysOnly(MissingHostKeyPolicy):
    """Accepts `known`, the keys that known_hosts files name for `destination`, and no other.

    Fabric's client is given no keys of its own, so that every key comes here. `host` is the host
    of the inventory, for messages: a jump host may be none of the inventory's.
    """

    def __init__(self, known: Sequence[KnownKey], destination: Destination, host: str) -> None:
        self._known = known
        self._destination = destination
        self._host = host

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002
        """Return where `key` is known. Raises DeployError for any other."""
        blob = key.asbytes()
        same = [entry for entry in self._known if entry.key == blob]
        if revoked := [entry for entry in same if entry.is_revoked]:
            self._refuse_revoked(revoked[0], key)
        if same:
            return
        if other := [entry for entry in self._known if entry.type == key.get_name()]:
            self._refuse_changed(other[0], key)
        self._refuse_unknown(key)

    def _refuse_unknown(self, key: PKey) -> NoReturn:
        self._refuse(
            f"the host key of {self._destination.place} is not known: {_describe(key)}",
            f"look:   {self._look(key)}\n"
            f"compare it with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the host's console\n"
            f"accept: {self._accept(key)}",
        )

    def _refuse_changed(self, entry: KnownKey, key: PKey) -> NoReturn:
        name = host_key_names(self._destination)[0]
        self._refuse(
            f"the host key of {self._destination.place} CHANGED: it is now {_describe(key)}, and"
            f" {entry.file} line {entry.line} says {entry.type} {fingerprint(entry.key)}",
            "somebody may be listening in: ask who changed the host before you go on\n"
            f"forget the old key: ssh-keygen -R {shlex.quote(name)} -f {shlex.quote(entry.file)}\n"
            f"look:   {self._look(key)}\n"
            f"accept: {self._accept(key)}",
        )

    def _refuse_revoked(self, entry: KnownKey, key: PKey) -> NoReturn:
        self._refuse(
            f"the host key of {self._destination.place} is revoked: {_describe(key)}"
            f" ({entry.file} line {entry.line})",
            "the host needs a new key; do not log in with this one",
        )

    def _refuse(self, message: str, hint: str) -> NoReturn:
        raise DeployError(message, hint=hint, host=self._host, step=_STEP)

    def _look(self, key: PKey) -> str:
        to = self._destination
        scan = f"ssh-keyscan -t {_scan_type(key)} -p {to.port} {shlex.quote(to.address)}"
        through = f"ssh {shlex.quote(to.jumps[-1].login)} " if to.jumps else ""
        return f"{through}{scan} | ssh-keygen -lf -"

    def _accept(self, key: PKey) -> str:
        """The very key that was seen: scanning again could fetch another."""
        name = host_key_names(self._destination)[0]
        line = f"{name} {key.get_name()} {base64.b64encode(key.asbytes()).decode()}"
        return f"echo {shlex.quote(line)} >> {shlex.quote(self._destination.known_hosts[0])}"


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def _describe(key: PKey) -> str:
    return f"{key.get_name()} {fingerprint(key.asbytes())}"


def _scan_type(key: PKey) -> str:
    """The name that `ssh-keyscan -t` takes."""
    return {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}.get(key.get_name(), "ecdsa")
