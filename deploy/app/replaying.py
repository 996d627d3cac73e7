"""`invoke replay`: a recorded run, shown again as it was."""

from __future__ import annotations

import sys

from deploy.errors import DeployError, ExitCode
from deploy.reports.output import junit_reports, make_screen
from deploy.reports.records import find_record, read_record
from deploy.reports.replay import Playback, play


def replay(run: str, speed: str, output: str, junit: str) -> ExitCode:
    """Show the record of a run, and write `junit`; nobody waits where no terminal shows it."""
    pace = _pace(speed) if output == "terminal" and sys.stdout.isatty() else 0.0
    moments = read_record(find_record(run))
    playback = Playback(moments[0][0], pace)
    play(moments, playback, make_screen(output, playback))
    for report in junit_reports(junit):
        play(moments, Playback(moments[0][0], 0.0), report)
    return ExitCode.DONE


def _pace(speed: str) -> float:
    try:
        pace = float(speed)
    except ValueError:
        pace = -1.0
    if pace < 0:
        raise DeployError(
            f"--speed {speed!r} is no number",
            hint="1 is as it was, 10 ten times as fast, 0 at once",
            exit_code=ExitCode.USAGE,
        )
    return pace
