"""Which reports draw a run: what was asked for on the command line, and the record of the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TextIO

from deploy.errors import DeployError, ExitCode
from deploy.reports import Report
from deploy.reports.clocks import Clocks
from deploy.reports.streams import own_output

_UNFIT = ("", "dumb", "unknown")
"""Values of TERM for what cannot move its cursor."""


def make_reports(output: str, run: str, page: str = "") -> list[Report]:
    """What draws this run: what was asked for, and a file; `quiet` is for a mere look.

    `page` is where the run will be as a page, for those who are told of its files.
    """
    if output == "quiet":
        return []
    from deploy.reports.behind import Behind
    from deploy.reports.jsonl import JsonLines

    clocks = Clocks()
    screen = Behind(make_screen(output, clocks, page), clocks)
    record = JsonLines(_private(runs_directory() / f"{run}.jsonl"), owns_stream=True)
    return [screen, record]


def junit_reports(path: str) -> list[Report]:
    """What writes that file as JUnit XML; nothing where none is named."""
    if not path:
        return []
    from deploy.reports.junit import JUnit

    return [JUnit(Path(path))]


def make_screen(output: str, clocks: Clocks | None = None, page: str = "") -> Report:
    """What draws on standard output. Raises DeployError (usage) for a word that means nothing."""
    make = _SCREENS.get(output)
    if make is None:
        raise DeployError(
            f"--output {output!r}: no such word",
            hint=f"one of {', '.join(_SCREENS)}",
            exit_code=ExitCode.USAGE,
        )
    return make(clocks or Clocks(), page)


def runs_directory() -> Path:
    """Where the records of runs are: DEPLOY_RUNS, else ./.deploy/runs."""
    return Path(os.environ.get("DEPLOY_RUNS", ".deploy/runs"))


def can_move(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """A table may move there: a terminal that can, and nobody who does not want it (NO_COLOR)."""
    is_fit = environment.get("TERM", "") not in _UNFIT
    return stream.isatty() and is_fit and not environment.get("NO_COLOR")


def _terminal(clocks: Clocks, _: str) -> Report:
    from rich.console import Console

    from deploy.reports.live import LiveTerminal
    from deploy.reports.terminal import Terminal

    stream = own_output()
    if can_move(stream):
        return LiveTerminal(Console(file=stream, highlight=False, soft_wrap=True), clocks.seconds)
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(file=stream, highlight=False, soft_wrap=True, color_system=colours)
    return Terminal(console, now=clocks.now)


def _json(clocks: Clocks, _: str) -> Report:
    from deploy.reports.jsonl import JsonLines

    return JsonLines(own_output("utf-8"), now=clocks.now)


def _github(_: Clocks, page: str) -> Report:
    from deploy.reports.github import Github

    return Github(own_output("utf-8"), runs_directory(), page=page)


_SCREENS: dict[str, Callable[[Clocks, str], Report]] = {
    "terminal": _terminal,
    "json": _json,
    "github": _github,
}
"""By the word of --output."""


def _private(path: Path) -> TextIO:
    """A new file for its owner's eyes: what commands print is not for everybody's.

    Raises DeployError (usage) where it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    except OSError as error:
        raise DeployError(
            f"the record of the run cannot be written: {path}: {error.strerror}",
            hint="name a directory that you can write to: DEPLOY_RUNS=DIRECTORY",
            exit_code=ExitCode.USAGE,
        ) from None
    return os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace")
