"""A fault of the inventory: where it stands, which key, what is wrong; and all of them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy.errors import DeployError, ExitCode


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend; `key` is empty when the whole file is meant."""

    at: Position
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.at}: {self.key}: {self.text}" if self.key else f"{self.at}: {self.text}"


def show_key(path: Sequence[str | int]) -> str:
    """`('hosts', 'web1', 'roles', 0)` as `hosts.web1.roles[0]`; odd names in quotes."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{_name(part)}" for part in path)
    return shown.removeprefix(".")


def _name(part: str) -> str:
    return part if re.fullmatch(r"[\w$-]+", part) else f'"{part}"'


def refuse(name: str, faults: Iterable[Fault]) -> None:
    """Raises DeployError with every fault in the order of the files; nothing without faults."""
    lines = tuple(str(fault) for fault in sorted(set(faults)))
    if lines:
        count = "a fault" if len(lines) == 1 else f"{len(lines)} faults"
        raise DeployError(
            f"the inventory of {name} has {count}",
            hint="mend the lines named above; docs/inventory.md lists every key",
            details=lines,
            exit_code=ExitCode.USAGE,
        )
