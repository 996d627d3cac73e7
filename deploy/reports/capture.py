"""A run's record drawn as a picture of a terminal.

`python -m deploy.reports.capture RUN.jsonl PICTURE.svg` replays the record through the same report.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from deploy.events import Event
from deploy.reports.jsonl import read_events
from deploy.reports.terminal import Terminal

COLUMNS = 78
"""Width of the picture, in characters; longer lines are wrapped."""

_WEB_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""A picture that is looked at fetches nothing; where that font is not installed, any will do."""


def picture(events: Iterable[Event], command: str) -> str:
    """The events as the terminal would have shown them below `command`, as SVG."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    console.print(f"[bold]$ {command}[/]")
    report = Terminal(console)
    for event in events:
        report.take(event)
    svg = console.export_svg(title=command, theme=MONOKAI, unique_id="run")
    return _WEB_FONT.sub("", svg)


def main(record: str, target: str, command: str = "invoke deploy --env lab") -> None:
    """Write the picture of one run."""
    with Path(record).open(encoding="utf-8") as lines:
        text = picture(read_events(lines), command)
    Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
