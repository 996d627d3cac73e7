"""What is there where a host's programs have their files, and what was installed there last."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from deploy.facts import Fact, table
from deploy.shell import Argument, call

Kind = Literal["absent", "file", "directory", "link", "other"]

_KINDS: dict[int, Kind] = {0o10: "file", 0o04: "directory", 0o12: "link"}
"""By the file type in st_mode, shifted (inode(7))."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What a destination is now."""

    kind: Kind = "absent"
    mode: str = ""
    """Four octal digits."""
    user: str = ""
    group: str = ""
    link: str = ""
    """Where a link leads, as it is written."""
    fault: str = ""
    """Why it cannot be replaced, in the host's words; empty where it can."""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file as it was installed last."""

    mode: str
    owner: str
    """As the inventory had it; empty where it had none."""
    at: int
    """When, in seconds of the host's clock since 1970."""
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfigState:
    """The files of one host, by destination."""

    files: dict[str, FileState]
    installed: dict[str, InstalledFile]
    unproved: tuple[str, ...] = ()
    """Programs whose files were installed by a run that was cut off before it proved them."""


def config_fact(destinations: Sequence[tuple[str, bool]]) -> Fact[ConfigState]:
    """The question for these destinations, each with whether root has to look."""
    words: list[Argument] = []
    for destination, sudo in destinations:
        words += ["yes" if sudo else "no", destination]
    return Fact("config", lambda _: call("config_state", *words), parse_config)


def parse_config(text: str) -> ConfigState:
    """Parse the answer of `config_state`."""
    rows = table(text)
    return ConfigState(
        files={row[1]: _file(row) for row in rows if row[0] == "file"},
        installed={row[1]: _installed(row) for row in rows if row[0] == "installed"},
        unproved=tuple(row[1] for row in rows if row[0] == "unproved"),
    )


def _file(row: list[str]) -> FileState:
    found, link, fault, content = row[2:6]
    if not found:
        return FileState(fault=fault)
    raw, user, group = found.split("/")
    bits = int(raw, 16)
    return FileState(
        kind=_KINDS.get(bits >> 12, "other"),
        mode=f"{bits & 0o7777:04o}",
        user=user,
        group=group,
        link=link,
        fault=fault,
        content=b64decode(content),
    )


def _installed(row: list[str]) -> InstalledFile:
    mode, owner, at, content = row[2:6]
    return InstalledFile(mode, "" if owner == "-" else owner, int(at), b64decode(content))


Config: Fact[ConfigState] = config_fact(())
"""Reads the answer, whichever destinations were asked for."""
