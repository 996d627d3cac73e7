"""`invoke report`: the record of a run as one page, which asks no host and no network."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.errors import ExitCode
from deploy.render.engine import render_page
from deploy.reports.page import TEMPLATE, page_values
from deploy.reports.records import Timed, find_record, read_record


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


def write_private(target: Path, text: str) -> None:
    """For its owner's eyes, as the record is: what commands print is not for everybody's."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
