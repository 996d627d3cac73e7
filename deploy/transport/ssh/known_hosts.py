"""Reads known_hosts files: which keys are known for a host (sshd(8), SSH_KNOWN_HOSTS FORMAT).

Paramiko's own reader knows no wildcards, no revoked keys, and is quadratic on large files.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.transport.ssh.destination import Destination

_DEFAULT_PORT = 22
_FIELDS = 3
_PLAIN = re.compile(r"[^|!*?,]+")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a known_hosts file."""

    hosts: str
    """The patterns of the first field, or one hashed name."""
    type: str
    """For example `ssh-ed25519`."""
    key: bytes
    is_revoked: bool
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class _File:
    """A file's lines: those for one plain name each under it, and the others."""

    plain: dict[str, list[KnownKey]]
    other: list[KnownKey]

    def look_up(self, name: str) -> Iterator[KnownKey]:
        yield from self.plain.get(name, ())
        yield from (entry for entry in self.other if _matches(entry.hosts, name))


def known_keys(destination: Destination) -> tuple[KnownKey, ...]:
    """The keys known for `destination`, revoked ones included, in the order of the files.

    As OpenSSH does, a name without its port is tried where the one with it is not known.
    """
    files = [_read_file(path) for path in destination.known_hosts]
    for name in host_key_names(destination):
        if found := tuple(entry for file in files for entry in file.look_up(name)):
            return found
    return ()


def host_key_names(destination: Destination) -> tuple[str, ...]:
    """Names that the host may stand under, the one to write first."""
    if destination.host_key_alias:
        return (destination.host_key_alias.lower(),)
    host = destination.address.lower()
    if destination.port == _DEFAULT_PORT:
        return (host,)
    return f"[{host}]:{destination.port}", host


def _read_file(path: str) -> _File:
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError:
        return _File({}, [])
    return _index(path, changed)


@cache
def _index(path: str, _changed: int) -> _File:
    """Once a process and version of the file, however many hosts there are."""
    file = _File({}, [])
    for entry in _parse(Path(path).read_text("utf-8", "replace"), path):
        if _PLAIN.fullmatch(entry.hosts):
            file.plain.setdefault(entry.hosts.lower(), []).append(entry)
        else:
            file.other.append(entry)
    return file


def _parse(text: str, path: str) -> Iterator[KnownKey]:
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        marker = fields.pop(0) if line.startswith("@") else ""
        if len(fields) < _FIELDS or line.startswith("#") or marker == "@cert-authority":
            continue
        hosts, type_, encoded = fields[:_FIELDS]
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
        yield KnownKey(hosts, type_, key, marker == "@revoked", path, number)


def _matches(hosts: str, name: str) -> bool:
    if hosts.startswith("|1|"):
        return _matches_hash(hosts, name)
    patterns = hosts.lower().split(",")
    if any(_matches_pattern(p[1:], name) for p in patterns if p.startswith("!")):
        return False
    return any(_matches_pattern(pattern, name) for pattern in patterns)


def _matches_pattern(pattern: str, name: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name) is not None


def _matches_hash(hashed: str, name: str) -> bool:
    """`|1|SALT|HMAC-SHA1` of the name (sshd(8)): the format's choice, not ours."""
    try:
        salt, digest = (base64.b64decode(part) for part in hashed[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
