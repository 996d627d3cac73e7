"""A run in a terminal while it works: a table that moves, a row a host, below the lines that stay.

What stays is what a person reads afterwards: stages, warnings, failures, the end. Every line of
every step is in the record of the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from deploy import events
from deploy.events import Event
from deploy.reports.board import Board
from deploy.reports.frame import Frame, draw
from deploy.reports.terminal import Terminal


class LiveTerminal(Terminal):
    """The terminal's report with a table below it; one thread draws it.

    Without `moves` the table is not drawn: `board` has what it would show.
    """

    def __init__(
        self,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
        *,
        moves: bool = True,
    ) -> None:
        super().__init__(console, times=False)
        self._moves = moves
        self.board = Board(clock)
        self._live: Live | None = None
        self._frame: Frame | None = None
        self._width = console.width
        self._undone: set[str] = set()
        self._is_over = False

    def take(self, event: Event) -> None:
        """Draw what stays above the table, and the table when its time comes."""
        self.board.take(event)
        self._fold()
        self._is_over |= isinstance(event, events.RunFinished)
        if self._is_over:
            self.rest()
        elif self._live is None and self._moves:
            self._begin()
        super().take(event)

    def refresh(self) -> None:
        """Draw the table as it is now."""
        if self._live:
            self._fold()
            self._live.refresh()

    def rest(self) -> None:
        """Take the table away."""
        if self._live:
            self._fold()
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Leave nothing that moves, nor a hidden cursor."""
        self.rest()

    def _begin(self) -> None:
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            get_renderable=self._draw,
        )
        self._live.start()

    def _draw(self) -> Frame:
        self._frame = draw(self.board, *self._console.size)
        return self._frame

    def _fold(self) -> None:
        """A screen that became narrower has wrapped the table: take it away as it stands there."""
        before, self._width = self._width, self._console.width
        if self._live and self._frame and self._width < before:
            lines, wrapped = self._frame.lines, self._frame.lines_when(self._width)
            down = f"\x1b[{lines - 1}B" if lines > 1 else ""
            self._console.file.write(f"\r\x1b[{max(1, wrapped - 1)}A\x1b[J{down}")

    def _has_shown(self, _: tuple[str, ...]) -> bool:
        return False

    def _host_connected(self, event: events.HostConnected) -> None:
        """In the table."""

    def _host_inspected(self, event: events.HostInspected) -> None:
        """In the table."""

    def _step_logged(self, event: events.StepLogged) -> None:
        """In the table."""

    def _step_finished(self, event: events.StepFinished) -> None:
        """In the table."""

    def _stage_started(self, event: events.StageStarted) -> None:
        """In the table."""

    def _step_undone(self, event: events.StepUndone) -> None:
        self._undone.add(event.host)
        if not event.succeeded:
            super()._step_undone(event)

    def _run_finished(self, event: events.RunFinished) -> None:
        if self._undone:
            count = len(self._undone)
            self._line(f"[yellow]↶ undone on {count} host{'s' if count > 1 else ''}[/]")
        super()._run_finished(event)

    def _step_noted(self, event: events.StepNoted) -> None:
        if not event.host:
            super()._step_noted(event)

    def _stage_finished(self, event: events.StageFinished) -> None:
        """A line for each batch that is over: how long it took, and what took longest."""
        stage, board = self.board.stage, self.board
        of = f" (batch {stage.batch} of {stage.batches})" if stage.batches > 1 else ""
        mark = "[red]✗[/]" if event.failed else "[green]✓[/]"
        seconds, step, host = board.longest
        is_told = seconds >= 1 and host and not event.failed
        longest = f", {step} on {host} {seconds:.1f} s" if is_told else ""
        took = f"[dim]{board.now - stage.batch_began:.1f} s{longest}[/]"
        self._line(f"{mark} [bold]{event.stage}[/]{of} {took}")
