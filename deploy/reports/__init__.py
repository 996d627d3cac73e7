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

    def __call__(self, event: Event) -> None:
        with self._one_at_a_time:
            for report in self._reports:
                report.take(event)

    def close(self) -> None:
        """Close every report."""
        for report in self._reports:
            report.close()
