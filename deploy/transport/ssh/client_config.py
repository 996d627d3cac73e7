"""Reads OpenSSH client configuration files (ssh_config(5)), with Include, once a process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from paramiko import SSHConfig
from paramiko.ssh_exception import ConfigParseError

from deploy.errors import DeployError, ExitCode

_SYSTEM = Path("/etc/ssh/ssh_config")
_USUAL = "~/.ssh/config"
_DEEPEST = 16
"""Includes within includes, as in OpenSSH."""


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines under one Host or Match, that line included; those before the first, too."""

    patterns: tuple[str, ...] | None
    """What stands after Host; None where paramiko has to decide."""
    lines: list[str]

    def may_match(self, host: str) -> bool:
        """False only where a Host line leaves `host` out."""
        if self.patterns is None:
            return True
        refused = (p[1:] for p in self.patterns if p.startswith("!"))
        return any(fnmatchcase(host, pattern) for pattern in self.patterns) and not any(
            fnmatchcase(host, pattern) for pattern in refused
        )


def look_up(path: str, host: str, user: str | None, port: int | None) -> dict[str, Any]:
    """The options for `host`, keys in lower case, tokens (%h …) expanded.

    `user` and `port` win over the file's, and are what %r and %p expand to. Raises DeployError.
    """
    # The first value counts, so that what the inventory says is written first.
    lines = [f"User {user}"] * bool(user) + [f"Port {port}"] * bool(port)
    # Paramiko asks the password database once a block: 1 ms of CPU a host with 32 of them.
    for block in _blocks(path):
        if block.may_match(host):
            lines += block.lines
    try:
        return dict(SSHConfig.from_text("\n".join(lines)).lookup(host))
    except ConfigParseError as error:
        raise DeployError(f"{path}: {error}", exit_code=ExitCode.USAGE) from error


@cache
def _blocks(path: str) -> tuple[_Block, ...]:
    """The blocks of the file, and behind those of the usual one the system's; once a process."""
    file = Path(path).expanduser()
    lines = list(_lines(file, file.parent, 0))
    if path == _USUAL:
        # A line without a Host above belongs to every host, here as in the second file.
        lines += ["Host *", *_lines(_SYSTEM, _SYSTEM.parent, 0)]
    blocks = [_Block(None, [])]
    for line in lines:
        key, patterns = _split(line)
        if key in ("host", "match"):
            names = tuple(patterns.replace('"', "").split()) if key == "host" else None
            blocks.append(_Block(names, []))
        blocks[-1].lines.append(line)
    return tuple(blocks)


def _split(line: str) -> tuple[str, str]:
    """Keyword in lower case and the rest; `Key value` and `Key=value` alike."""
    key, *rest = re.split(r"\s*=\s*|\s+", line.strip(), maxsplit=1)
    return key.lower(), "".join(rest)


def _lines(file: Path, base: Path, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise DeployError(f"{file}: Include goes in a circle", exit_code=ExitCode.USAGE)
    try:
        text = file.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        key, patterns = _split(line)
        if key != "include":
            yield line
            continue
        for pattern in patterns.split():
            for included in _expand(pattern.strip('"'), base):
                yield from _lines(included, base, depth + 1)


def _expand(pattern: str, base: Path) -> list[Path]:
    """The files that an Include names; relative ones lie beside the configuration."""
    whole = Path(pattern).expanduser()
    whole = whole if whole.is_absolute() else base / whole
    return sorted(Path(whole.anchor).glob(str(whole.relative_to(whole.anchor))))
