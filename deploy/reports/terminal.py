"""Events for a person: coloured in a terminal, plain lines with a time elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table
from rich.text import Text

from deploy import events
from deploy.events import Event
from deploy.reports.streams import printable

_MARKS = {"changed": "[green]✓[/]", "unchanged": "[dim]=[/]", "failed": "[red]✗[/]"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
_NAMED = 12
"""Hosts that the first line names; more are counted, and the last table names them."""
_STATES = {"done": "green", "unchanged": "dim", "old": "yellow", "unknown": "red"}


def escape(text: str) -> str:
    """What came from a host, as markup that shows it and does nothing else."""
    return escape_markup(printable(text))


def _is_failed_step(event: Event) -> bool:
    return isinstance(event, events.StepFinished) and event.outcome == "failed"


class Terminal:
    """Draws a run line by line as it happens; the end is a table and one line.

    With `times` each line begins with the time that `now` tells.
    """

    def __init__(
        self,
        console: Console,
        *,
        times: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._console = console
        self._times = times
        self._now = now
        self._warnings: list[events.Warned] = []
        self._revision = ""
        self._failure: tuple[object, ...] = ()
        self._streamed: list[str] = []
        self._is_fleet = False

    def take(self, event: Event) -> None:
        """Draw one event; kinds that a person need not see are left out."""
        draw: Callable[[Any], None] | None = getattr(
            self, f"_{events.event_name(type(event))}", None
        )
        if draw:
            draw(event)
        if isinstance(event, events.StepLogged):
            self._streamed.append(event.line)
        elif draw and not _is_failed_step(event):
            self._streamed.clear()

    def close(self) -> None:
        """Nothing is held back."""

    def _line(self, text: str, host: str = "") -> None:
        time = f"{self._now():%H:%M:%S} " if self._times else ""
        name = f"[cyan]{escape(host):<8}[/] " if host else ""
        for number, line in enumerate(Text.from_markup(text).split("\n")):
            margin = Text.from_markup(f"{time}{name}" + ("  " if number else ""))
            self._console.print(margin + line)

    def _run_started(self, event: events.RunStarted) -> None:
        self._revision = event.revision
        self._is_fleet = len(event.hosts) > 1
        what = f" {event.revision[:10]}" if event.revision else ""
        count = len(event.hosts)
        hosts = ", ".join(event.hosts) if count <= _NAMED else f"{count} hosts"
        self._line(f"[bold]{event.task}{what}[/] to [bold]{event.environment}[/]: {escape(hosts)}")

    def _host_connected(self, event: events.HostConnected) -> None:
        self._line(f"[dim]connected in {event.seconds:.2f} s[/]", event.host)

    def _host_inspected(self, event: events.HostInspected) -> None:
        self._line(f"[dim]{escape(event.summary)}[/]", event.host)

    def _file_compared(self, event: events.FileCompared) -> None:
        self._line(f"[bold]{escape(event.destination)}[/]: {escape(event.verdict)}", event.host)
        for line in event.diff if event.whole else ():
            colour = _DIFF.get(line[:1], "dim")
            self._line(f"[{colour}]{escape(line)}[/]", event.host)

    def _stage_started(self, event: events.StageStarted) -> None:
        batch = f" (batch {event.batch} of {event.batches})" if event.batches > 1 else ""
        self._line(f"[bold]── {event.stage}{batch}[/] [dim]{escape(', '.join(event.hosts))}[/]")

    def _step_logged(self, event: events.StepLogged) -> None:
        if event.line.strip():
            self._line(f"[dim]│ {escape(event.line)}[/]", event.host)

    def _step_noted(self, event: events.StepNoted) -> None:
        self._line(f"[dim]· {escape(event.text)}[/]", event.host)

    def _warned(self, event: events.Warned) -> None:
        self._warnings.append(event)
        self._line(f"[yellow]! {escape(event.text)}[/]", event.host)

    def _step_finished(self, event: events.StepFinished) -> None:
        note = " [dim]nothing to do[/]" if event.outcome == "unchanged" else ""
        seconds = f" [dim]{event.seconds:.1f} s[/]" if event.seconds >= 0.1 else ""
        self._line(f"{_MARKS[event.outcome]} {escape(event.step)}{note}{seconds}", event.host)

    def _step_undone(self, event: events.StepUndone) -> None:
        word = "[yellow]↶ undone:[/]" if event.succeeded else "[red]✗ could not undo:[/]"
        self._line(f"{word} {escape(event.step)}", event.host)

    def _fleet_proved(self, event: events.FleetProved) -> None:
        self._line(
            f"[green]✓ proved on every host {event.seconds:.2f} s after the command began[/]"
        )

    def _host_failed(self, event: events.HostFailed) -> None:
        step = f"{escape(event.step)}: " if event.step else ""
        failure = (event.step, event.message, event.hint, event.tail)
        if failure == self._failure:
            self._line(f"[red bold]✗ {step}the same[/]", event.host)
            return
        self._failure = failure
        self._line(f"[red bold]✗ {step}{escape(event.message)}[/]", event.host)
        for line in () if self._has_shown(event.tail) else event.tail:
            self._line(f"[red]│[/] {escape(line)}", event.host)
        if event.hint:
            self._line(f"[bold]→ {escape(event.hint)}[/]", event.host)

    def _has_shown(self, tail: tuple[str, ...]) -> bool:
        """Those lines stand right above, and no other host's between them."""
        return not self._is_fleet and list(tail) == self._streamed[-len(tail) :]

    def _run_finished(self, event: events.RunFinished) -> None:
        if event.hosts:
            self._console.print(self._summary(event))
        for warning in self._warnings:
            self._line(f"[yellow]! {escape(warning.text)}[/]", warning.host)
        colour = "green" if event.exit_code == 0 else "red"
        self._line(f"[{colour} bold]{escape(event.message)}[/] [dim]{event.seconds:.1f} s[/]")

    def _summary(self, event: events.RunFinished) -> Table:
        """A row a host; of many hosts, a row a state."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        by_host = len(event.hosts) <= _NAMED
        for heading in ("host", "state") if by_host else ("state", "hosts"):
            table.add_column(heading)
        for host, state in event.hosts.items() if by_host else ():
            table.add_row(host, _state(state))
        for state in () if by_host else dict.fromkeys(event.hosts.values()):
            names = [host for host, other in event.hosts.items() if other == state]
            table.add_row(_state(state), f"{len(names)}: {', '.join(names)}")
        return table


def _state(state: str) -> str:
    return f"[{_STATES.get(state, 'default')}]{escape(state)}[/]"
