"""A run in a job of GitHub Actions: groups, annotations, and the step's summary.

An annotation names host and step, and holds the last lines; the summary has a row a host.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TextIO, cast

from rich.console import Console

from deploy import events
from deploy.reports.markdown import summary
from deploy.reports.streams import printable
from deploy.reports.terminal import Terminal
from deploy.reports.workflow import Defused, command

_Fault = tuple[str, str, str]
"""Step, message and hint."""


class Github(Terminal):
    """The terminal's lines in groups; `records` is where the records of runs are, and `page` the
    file that will have this one as a page.
    """

    def __init__(
        self,
        stream: TextIO,
        records: Path,
        environment: Mapping[str, str] = os.environ,
        page: str = "",
    ) -> None:
        file = cast("IO[str]", Defused(stream))
        console = Console(file=file, highlight=False, soft_wrap=True, color_system=None)
        super().__init__(console, times=False)
        self._stream = stream
        self._records = records
        self._page = page
        self._summary_file = environment.get("GITHUB_STEP_SUMMARY", "")
        self._begun = events.RunStarted("", "", "", ())
        self._faults: dict[_Fault, list[events.HostFailed]] = {}
        self._notes: list[events.Warned] = []
        self._in_group = False

    def _command(self, name: str, data: str = "", title: str = "") -> None:
        self._stream.write(command(name, printable(data), title=printable(title)) + "\n")
        self._stream.flush()

    def _end_group(self) -> None:
        if self._in_group:
            self._command("endgroup")
            self._in_group = False

    def _run_started(self, event: events.RunStarted) -> None:
        self._begun = event
        super()._run_started(event)

    def _stage_started(self, event: events.StageStarted) -> None:
        self._end_group()
        batch = f" (batch {event.batch} of {event.batches})" if event.batches > 1 else ""
        self._command("group", f"{event.stage}{batch}: {', '.join(event.hosts)}")
        self._in_group = True

    def _stage_finished(self, _: events.StageFinished) -> None:
        self._end_group()

    def _warned(self, event: events.Warned) -> None:
        self._command("warning", event.text, _title(event.step, event.host))
        self._notes.append(event)

    def _host_failed(self, event: events.HostFailed) -> None:
        """The first of a kind is an annotation at once; GitHub shows ten of them, and no more."""
        self._end_group()
        same = self._faults.setdefault((event.step, event.message, event.hint), [])
        same.append(event)
        super()._host_failed(event)
        if len(same) == 1:
            hint = (f"→ {event.hint}",) if event.hint else ()
            text = "\n".join((event.message, *event.tail, *hint))
            self._command("error", text, _title(event.step, event.host))

    def _run_finished(self, event: events.RunFinished) -> None:
        self._end_group()
        for (step, message, _), same in self._faults.items():
            others = ", ".join(one.host for one in same[1:] if one.host)
            if others:
                self._command("error", message, _title(step, others))
        super()._run_finished(event)
        if self._summary_file:
            faults = [one for same in self._faults.values() for one in same]
            record = self._records / f"{event.run}.jsonl" if event.run else None
            text = summary(self._begun, event, faults, self._notes, record, self._page)
            with Path(self._summary_file).open("a", encoding="utf-8", errors="replace") as page:
                page.write(text)


def _title(step: str, host: str) -> str:
    return f"{step or 'failed'} on {host}" if host else step
