"""What only a pipeline gets: JUnit of a run, and the words of a run for an error before it."""

from __future__ import annotations

from deploy import events
from deploy.app import Flags
from deploy.errors import DeployError
from deploy.executor.result import failure_of
from deploy.reports import Broadcast
from deploy.reports.output import junit_reports, make_screen
from deploy.session import Session


def write_junit(session: Session, flags: Flags) -> None:
    """Write the file that was asked for, if any, when the run ends."""
    for report in junit_reports(flags.junit):
        session.emit.add(report)


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
