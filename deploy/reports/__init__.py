"""Ways to draw the stream of events; a report only draws, it decides nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol, runtime_checkable

from deploy.events import Event


class Report(Protocol):
    """Takes events in the order in which they happened."""

    def take(self, event: Event) -> None:
        """Draw one event."""

    def close(self) -> None:
        """The run is over; no event follows."""


@runtime_checkable
class Screen(Report, Protocol):
    """A report that moves, and can hold still."""

    def refresh(self) -> None:
        """Some time went by: draw what changes with it."""

    def rest(self) -> None:
        """Hold still, so that somebody can be asked something; the next event ends it."""


class Broadcast:
    """Hands each event to every report, one event at a time, from whatever thread it came.

    A report that fails is left out from then on: what nobody can read is no reason to end a run.
    """

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
                self._hand(event, report)

    def _hand(self, event: Event, report: Report) -> None:
        try:
            report.take(event)
        except Exception as error:  # of the report's, which is not the run's
            complain(report, error)
            self._reports = tuple(one for one in self._reports if one is not report)

    def add(self, report: Report) -> None:
        """One more report, for the events from here on."""
        with self._one_at_a_time:
            self._reports = (*self._reports, report)

    def rest(self) -> None:
        """Return once all is drawn, and nothing moves: somebody is to be asked something."""
        with self._one_at_a_time:
            for report in self._reports:
                if isinstance(report, Screen):
                    report.rest()

    def close(self) -> None:
        """Close every report, the last one first: it may still have something to say."""
        for report in reversed(self._reports):
            try:
                report.close()
            except Exception as error:
                complain(report, error)
        with self._one_at_a_time:
            self._is_closed = True


def complain(report: Report, error: Exception) -> None:
    """Say on standard error that a report is left out, and why; a reader who went away knows."""
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError, ValueError):
            name = type(report).__name__
            print(f"! {name} cannot go on, the run does: {error}", file=sys.stderr, flush=True)
