"""Ways to draw the stream of events; a report only draws, it decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from deploy.events import Event


class Report(Protocol):
    """Takes events in the order in which they happened."""

    def take(self, event: Event) -> None:
        """Draw one event."""

    def close(self) -> None:
        """The run is over; no event follows."""


class Broadcast:
    """Hands each event to every report, one event at a time, from whatever thread it came."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._reports = tuple(reports)
        self._one_at_a_time = threading.Lock()
        self._is_closed = False

    def __call__(self, event: Event) -> None:
        """What a thread that nobody waited for says after the end, is not heard."""
        with self._one_at_a_time:
            if self._is_closed:
                return
            for report in self._reports:
                report.take(event)

    def add(self, report: Report) -> None:
        """One more report, for the events from here on."""
        with self._one_at_a_time:
            self._reports = (*self._reports, report)

    def close(self) -> None:
        """Close every report, the last one first: it may still have something to say."""
        for report in reversed(self._reports):
            report.close()
        with self._one_at_a_time:
            self._is_closed = True
