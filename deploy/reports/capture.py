"""A run's record drawn as a picture of a terminal.

`python -m deploy.reports.capture RUN.jsonl PICTURE.svg` replays the record through the same report;
with SECONDS behind it, up to then, with the table that moves.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from deploy.events import Event, RunStarted
from deploy.reports.frame import draw
from deploy.reports.live import LiveTerminal
from deploy.reports.records import Timed, read_record
from deploy.reports.terminal import Terminal

COLUMNS = 78
"""Width of the picture, in characters; longer lines are wrapped."""
ROWS = 24
"""Height of the screen that a moment is drawn for."""

_WEB_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""A picture that is looked at fetches nothing; where that font is not installed, any will do."""


def picture(events: Iterable[Event], command: str) -> str:
    """The events as the terminal would have shown them below `command`, as SVG."""
    console = _console(command)
    report = Terminal(console, times=False)
    for event in events:
        report.take(event)
    return _svg(console, command)


def moment(moments: Sequence[Timed], seconds: float, command: str) -> str:
    """What the terminal showed so many seconds after the run began, as SVG."""
    console = _console(command)
    until = moments[0][0] + timedelta(seconds=seconds)
    at = moments[0][0]
    report = LiveTerminal(console, lambda: at.timestamp(), moves=False)
    for at, event in moments:
        if at > until:
            break
        report.take(event)
    at = until
    console.print(draw(report.board, COLUMNS, ROWS))
    return _svg(console, command)


def _console(command: str) -> Console:
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )
    console.print(f"[bold]$ {command}[/]")
    return console


def _svg(console: Console, command: str) -> str:
    svg = console.export_svg(title=command, theme=MONOKAI, unique_id="run")
    return _WEB_FONT.sub("", svg)


def main(record: str, target: str, seconds: str = "") -> None:
    """Write the picture of one run."""
    moments = read_record(Path(record))
    started = next(event for _, event in moments if isinstance(event, RunStarted))
    command = f"invoke {started.task} --env {started.environment}"
    if seconds:
        text = moment(moments, float(seconds), command)
    else:
        text = picture((event for _, event in moments), command)
    Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
