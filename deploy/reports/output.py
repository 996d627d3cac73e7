"""Which reports draw a run: what was asked for on the command line, and the record of the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from deploy.reports import Report


def make_reports(output: str, run: str) -> list[Report]:
    """What draws this run: the terminal or JSON lines, and a file; `quiet` is for a mere look."""
    if output == "quiet":
        return []
    from deploy.reports.jsonl import JsonLines

    folder = runs_directory()
    folder.mkdir(parents=True, exist_ok=True)
    record = JsonLines(_private(folder / f"{run}.jsonl"), owns_stream=True)
    if output == "json":
        return [JsonLines(sys.stdout), record]
    from deploy.reports.terminal import Terminal

    return [Terminal(), record]


def runs_directory() -> Path:
    """Where the records of runs are: DEPLOY_RUNS, else ./.deploy/runs."""
    return Path(os.environ.get("DEPLOY_RUNS", ".deploy/runs"))


def _private(path: Path) -> TextIO:
    """A new file for its owner's eyes: what commands print is not for everybody's."""
    return os.fdopen(
        os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    )
