"""Lines of many hosts in the order of their times, each with its host in a colour of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from deploy.facts.logs import LogLine

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")


@dataclass(frozen=True, slots=True)
class HostLine:
    """One line, and whose it is."""

    host: str
    line: LogLine


def print_lines(lines: Sequence[HostLine], hosts: Sequence[str], output: str) -> None:
    """Print them; the colour of a host is the same in every call with the same `hosts`."""
    if output == "json":
        for one in lines:
            row = {
                "at": one.line.at.isoformat(),
                "host": one.host,
                "log": one.line.kind,
                "text": one.line.text,
            }
            print(json.dumps(row, ensure_ascii=False), flush=True)
        return
    console = Console(highlight=False, soft_wrap=True)
    width = max(map(len, hosts), default=0)
    for one in lines:
        colour = _COLOURS[hosts.index(one.host) % len(_COLOURS)]
        text = Text(f"{one.host:<{width}} {one.line.kind:<7} ", style=colour)
        console.print(text.append(visible(one.line.text), style="default"))


def visible(text: str) -> str:
    """`text` without what would steer a terminal: anybody may have written it."""
    return "".join(char if char.isprintable() or char == "\t" else "·" for char in text)


def print_groups(groups: Sequence[tuple[Sequence[str], int, str]], output: str) -> None:
    """Print what a command said: hosts that said the same stand together."""
    for hosts, code, text in groups:
        if output == "json":
            row = {"hosts": list(hosts), "code": code, "text": text}
            print(json.dumps(row, ensure_ascii=False))
            continue
        ended = "" if code == 0 else f" (exit code {code})"
        print(f"{', '.join(hosts)}{ended}:")
        for line in text.splitlines():
            print(f"    {visible(line)}")
