"""What a pipeline keeps of a run: JUnit, a page; and the words of a run for an error before it."""

from __future__ import annotations

from pathlib import Path

from deploy import events
from deploy.app import Flags
from deploy.errors import DeployError
from deploy.executor.result import failure_of
from deploy.reports import Broadcast
from deploy.events import Event
from deploy.reports.output import junit_reports, make_screen, runs_directory
from deploy.session import Session


class PageReport:
    """Writes `path` from the record of the run, whichever way it ended."""

    def __init__(self, path: Path, record: Path) -> None:
        self._path = path
        self._record = record

    def take(self, _: Event) -> None:
        """The record has it already."""

    def close(self) -> None:
        """Write the page; a run that told nothing has none. Raises OSError that says what to do."""
        from deploy.app.reporting import page, write_private
        from deploy.reports.records import read_record

        if not self._record.stat().st_size:
            return
        try:
            write_private(self._path, page(read_record(self._record)))
        except OSError as error:
            why = f"{self._path} is not written: {error.strerror}"
            raise OSError(f"{why}; later: invoke report {self._record.stem}") from error


def write_files(session: Session, flags: Flags) -> None:
    """Write the files that were asked for, if any, when the run ends."""
    for report in junit_reports(flags.junit):
        session.emit.add(report)
    if flags.report:
        record = runs_directory() / f"{session.run}.jsonl"
        session.emit.add(PageReport(Path(flags.report), record))


def tell_pipeline(error: DeployError, task: str, flags: Flags) -> None:
    """The same that a run would tell; of a run that has no name, and leaves no record."""
    screens = [make_screen("github")] if flags.output == "github" else []
    emit = Broadcast([*screens, *junit_reports(flags.junit)])
    emit(events.RunStarted("", task, flags.env, ()))
    for one in (error, *error.others):
        emit(failure_of(one))
    words = "nothing was changed" if error.exit_code == 2 else str(error)
    emit(events.RunFinished("", int(error.exit_code), words, 0.0))
    emit.close()
