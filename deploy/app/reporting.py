"""`invoke report`: the record of a run as one page, which asks no host and no network."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.render.engine import render_page
from deploy.reports.jsonl import read_timed
from deploy.reports.output import runs_directory
from deploy.reports.page import TEMPLATE, page_values
from deploy.reports.page.story import Timed

TASKS = ("deploy", "rollback", "configure", "adopt")
"""What the newest run is looked for among, where no run is named; others have little to draw."""


def report(run: str, out: str) -> ExitCode:
    """Write the page of a run, by name, the beginning of a name, or path; else of the newest."""
    record = find_record(run)
    target = Path(out or f"report-{record.stem}.html")
    write_private(target, page(read_record(record)))
    print(target)
    return ExitCode.DONE


def page(timed: list[Timed]) -> str:
    """The page, whole in itself."""
    return render_page(TEMPLATE, page_values(timed))


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
        step="report",
        hint=f"the newest are {newest}"
        if newest
        else "deploy first, or name another directory in DEPLOY_RUNS",
        exit_code=ExitCode.USAGE,
    )


def read_record(record: Path) -> list[Timed]:
    """Its events, each with its time; a last line that was cut off is left out."""
    try:
        lines = record.read_text("utf-8").splitlines()
        if lines and not _is_whole(lines[-1]):
            lines.pop()
        timed = list(read_timed(lines))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeployError(
            f"{record} cannot be read: {error}",
            step="report",
            hint="give a record that a run wrote: .deploy/runs/RUN.jsonl",
            exit_code=ExitCode.USAGE,
        ) from error
    if not timed:
        raise DeployError(f"{record} holds no event", step="report", exit_code=ExitCode.USAGE)
    return timed


def write_private(target: Path, text: str) -> None:
    """For its owner's eyes, as the record is: what commands print is not for everybody's."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


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
