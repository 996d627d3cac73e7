"""A recorded run shown again as it was: the same report, at its own pace or faster.

`invoke replay`; it is also how the terminal is looked at without a fleet.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from deploy.reports import Report, Screen
from deploy.reports.behind import FRAME
from deploy.reports.clocks import Clocks
from deploy.reports.records import Timed


class Playback(Clocks):
    """The clock of a recorded run, `speed` times as fast; at 0 it jumps from event to event."""

    def __init__(self, start: datetime, speed: float) -> None:
        super().__init__()
        self._start = start
        self._at = start
        self._speed = speed
        self._began = time.monotonic()

    def seconds(self) -> float:
        """Seconds since the record's first line."""
        return (self.now() - self._start).total_seconds()

    def now(self) -> datetime:
        """The recorded time, in this machine's zone."""
        if self._speed <= 0:
            return self._at.astimezone()
        gone = (time.monotonic() - self._began) * self._speed
        return (self._start + timedelta(seconds=gone)).astimezone()

    def wait(self, until: datetime, report: Report) -> None:
        """Let the time go by until then, and the report draw what moves meanwhile."""
        self._at = max(self._at, until)
        while (left := (until - self.now()).total_seconds()) > 0:
            time.sleep(min(FRAME, left / self._speed))
            if isinstance(report, Screen):
                report.refresh()


def play(moments: Iterable[Timed], playback: Playback, report: Report) -> None:
    """Hand each event to the report when its time has come."""
    try:
        for at, event in moments:
            playback.wait(at, report)
            report.take(event)
    finally:
        report.close()
