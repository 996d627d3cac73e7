"""A fleet as it is, drawn again in place on a terminal; what stands out is at the top."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deploy.checks.status import FleetView
from deploy.checks.status.rules import judge_fleet
from deploy.reports.status import print_status, status_page


class LivePage:
    """A context manager: the page is on the alternate screen, and the last one stays behind."""

    def __init__(self, interval: int, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live = Live(
            Text("asking the hosts"), console=self._console, screen=True, auto_refresh=False
        )
        self._hint = f"every {interval} s; Ctrl-C ends"
        self._last: tuple[FleetView, datetime] | None = None

    def __enter__(self) -> LivePage:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        if self._last:
            view, at = self._last
            print_status(view, judge_fleet(view), at, self._console)

    def show(self, view: FleetView, _output: str = "") -> None:
        """Draw it over what is there."""
        at = datetime.now().astimezone()
        self._last = view, at
        page = status_page(view, judge_fleet(view), at, self._console.width, urgent=self._hint)
        self._live.update(page, refresh=True)
