"""A report drawn by a thread of its own: whoever reads slowly, or stops, never slows the run.

Ctrl-S, a slow line, a pipe that is full: the run goes on, and only its end waits to be read.
"""

from __future__ import annotations

import queue
import threading
import time

from deploy.events import Event
from deploy.reports import Report, Screen, complain
from deploy.reports.clocks import Clocks

FRAME = 0.25
"""Seconds between two pictures of what moves."""
_Item = Event | threading.Event | None
"""What is to be drawn; somebody who waits until nothing moves; the end."""


class Behind:
    """Takes events at once, and lets `report` draw them in their order.

    Its `clocks` tell when what is being drawn happened.
    """

    def __init__(self, report: Report, clocks: Clocks | None = None) -> None:
        self._report = report
        self._clocks = clocks or Clocks()
        self._waiting: queue.SimpleQueue[tuple[float, _Item]] = queue.SimpleQueue()
        self._is_lost = False
        self._has_failed = False
        self._drawing = threading.Thread(target=self._draw_all, daemon=True)
        self._drawing.start()

    def take(self, event: Event) -> None:
        """Put it in line."""
        self._put(event)

    def _put(self, item: _Item) -> None:
        self._waiting.put((time.monotonic(), item))

    def refresh(self) -> None:
        """Done by the thread."""

    def rest(self) -> None:
        """Return once all that was taken is drawn, and nothing moves."""
        if self._drawing.is_alive():
            rested = threading.Event()
            self._put(rested)
            rested.wait()

    def close(self) -> None:
        """Return once everything was read, or nobody reads any more."""
        self._put(None)
        self._drawing.join()

    def _draw_all(self) -> None:
        picture = time.monotonic() + FRAME
        is_over = False
        while not is_over:
            is_over = self._draw_next(max(0.0, picture - time.monotonic()))
            if time.monotonic() >= picture:
                self._draw("refresh")
                picture = time.monotonic() + FRAME
        self._draw("close")

    def _draw_next(self, seconds: float) -> bool:
        """Draw what is next in line, if it comes that soon; whether it was the end."""
        try:
            at, item = self._waiting.get(timeout=seconds)
        except queue.Empty:
            self._clocks.late = 0.0
            return False
        self._clocks.late = time.monotonic() - at
        if isinstance(item, threading.Event):
            self._draw("rest")
            item.set()
        elif item:
            self._draw("take", item)
        return item is None

    def _draw(self, verb: str, *event: Event) -> None:
        """Who is gone is gone for good; a fault with one event says nothing of the next."""
        is_still = verb in ("refresh", "rest") and not isinstance(self._report, Screen)
        if self._is_lost or is_still:
            return
        try:
            getattr(self._report, verb)(*event)
        except Exception as error:
            self._is_lost = isinstance(error, OSError)
            if not self._has_failed:
                complain(self._report, error)
            self._has_failed = True
