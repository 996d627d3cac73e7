"""The records of runs: which one is meant, and what it holds. A run writes its own as it goes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.events import Event
from deploy.reports.jsonl import read_timed
from deploy.reports.output import runs_directory

Timed = tuple[datetime, Event]
"""An event, and when it happened."""
TASKS = ("deploy", "rollback", "configure", "adopt")
"""What the newest run is looked for among, where no run is named; others have little to draw."""


def find_record(run: str) -> Path:
    """The record of that run. Raises DeployError where there is none, or more than one."""
    if run.endswith(".jsonl"):
        return Path(run)
    folder = runs_directory()
    every = sorted(folder.glob("*.jsonl"))
    records = [one for one in every if one.stem.startswith(run)]
    if not run:
        records = [one for one in every if _task(one) in TASKS][-1:]
    if len(records) == 1:
        return records[0]
    newest = ", ".join(one.stem for one in every[-3:])
    wanted = f"run {run}" if run else f"{' or '.join(TASKS)}"
    raise DeployError(
        f"{folder} has {len(records) or 'no'} record{'s' if records else ''} of {wanted}",
        hint=f"the newest are {newest}"
        if newest
        else "deploy first, or name another directory in DEPLOY_RUNS",
        exit_code=ExitCode.USAGE,
    )


def read_record(record: Path) -> list[Timed]:
    """Its events, each with its time; a last line that was cut off is left out."""
    try:
        lines = record.read_text("utf-8").split("\n")
        if lines and not _is_whole(lines[-1]):
            lines.pop()
        timed = list(read_timed(lines))
    except OSError as error:
        raise DeployError(
            f"{record} cannot be read: {error.strerror}",
            hint="give a record that a run wrote: .deploy/runs/RUN.jsonl",
            exit_code=ExitCode.USAGE,
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DeployError(
            f"{record} is no record of a run: {error}",
            hint="give a record that a run wrote: .deploy/runs/RUN.jsonl",
            exit_code=ExitCode.USAGE,
        ) from error
    if not timed:
        raise DeployError(f"{record} holds no event", exit_code=ExitCode.USAGE)
    return timed


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _task(record: Path) -> str:
    """What the run did, by its first lines; connections may be told before."""
    with record.open(encoding="utf-8") as lines:
        for _, line in zip(range(50), lines, strict=False):
            if '"event": "run_started"' in line and _is_whole(line):
                return str(json.loads(line).get("task", ""))
    return ""
