"""One picture of the live table, for a screen of any size.

A line on the stage and its batches, a row a host, and, where not all have room, a line on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy.reports.board import Board, Row, State
from deploy.reports.streams import printable

_MARKS: dict[State, tuple[str, str]] = {
    "waits": ("·", "dim"),
    "works": ("▶", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
}
_SPARE = 4
"""Lines of the screen that the table leaves to what stands above it."""
_LEAST = 3
"""Rows that are shown on any screen."""
_ECHO = 3
"""Columns that are left free."""
_NARROW = 47
"""Columns of the table below which there is no room for the tail of what runs."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the table: a line, the rows as wide as the screen, and perhaps a last line."""

    heading: Text
    table: Table
    width: int
    """Columns of every row."""
    rest: tuple[Text, ...] = ()

    def __rich__(self) -> Group:
        """All of it."""
        return Group(self.heading, self.table, *self.rest)

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return 1 + self.table.row_count + len(self.rest)

    def lines_when(self, width: int) -> int:
        """How many it takes on a screen that has fewer columns by now."""
        texts = sum(ceil(text.cell_len / width) for text in (self.heading, *self.rest))
        return texts + self.table.row_count * ceil(self.width / width)


def draw(board: Board, width: int, height: int) -> Frame:
    """The table for a screen of that size: never wider, and never higher than it has room.

    Each line leaves room for the ^C that a terminal writes behind the last one.
    """
    width = max(1, width - _ECHO)
    shown, hidden = choose(list(board.rows.values()), max(_LEAST, height - _SPARE))
    table = Table.grid(padding=(0, 1), expand=True)
    table.width = width
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right")
    if width >= _NARROW:
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    names, steps = max(8, width // 4), max(8, width // 3)
    for row in shown:
        cells = _cells(row, board.now, names, steps)
        table.add_row(*cells[: len(table.columns)])
    return Frame(_heading(board, width), table, width, (_summary(hidden, width),) if hidden else ())


def choose(rows: Sequence[Row], room: int) -> tuple[list[Row], list[Row]]:
    """Which hosts are shown, in the inventory's order, and which only counted.

    Where not all have room: those that failed first, then those at work; not who waits or is done.
    """
    if len(rows) <= room:
        return list(rows), []
    order: list[State] = ["failed", "works"]
    moving = [n for n, row in enumerate(rows) if row.state in order]
    chosen = set(sorted(moving, key=lambda n: (order.index(rows[n].state), n))[: room - 1])
    shown = [row for n, row in enumerate(rows) if n in chosen]
    return shown, [row for n, row in enumerate(rows) if n not in chosen]


def _cells(row: Row, now: float, names: int, steps: int) -> list[Text]:
    """Mark, host, step, time and tail; of who waits or is done, there is no more to say."""
    mark, style = _MARKS[row.state]
    moves = row.state in ("works", "failed")
    what = row.step if moves else row.state
    seconds = clock((row.ended or now) - row.began) if moves else ""
    colour = "red" if row.state == "failed" else "dim"
    return [
        Text(mark, style=style),
        _cut(row.host or "here", names, "bold" if moves else "dim"),
        _cut(what, steps, "" if moves else "dim"),
        Text(seconds, style="dim"),
        Text(printable(row.tail).replace("\n", " "), style=colour),
    ]


def _cut(text: str, width: int, style: str) -> Text:
    """At most `width` characters of it."""
    cut = Text(text, style=style)
    cut.truncate(width, overflow="ellipsis")
    return cut


def _heading(board: Board, width: int) -> Text:
    """`activate ✓▶○ batch 2 of 3 · gate · 0:12 of 1:43`."""
    stage, now = board.stage, board.now
    text = Text(stage.name, style="bold", no_wrap=True, overflow="ellipsis")
    if stage.batches > 1:
        text.append(" ")
        for number in range(1, stage.batches + 1):
            text.append(*_batch(stage.done.get(number), number == stage.batch))
        text.append(f" batch {stage.batch} of {stage.batches}", style="not bold")
    parts = [clock(now - stage.began), f"{clock(now - board.began)} in all"]
    if board.is_gated:
        parts.insert(0, "gate")
    if stage.note:
        parts.insert(0, stage.note)
    text.append("".join(f" · {part}" for part in parts), style="not bold dim")
    text.truncate(width, overflow="ellipsis")
    return text


def _batch(went_well: bool | None, is_current: bool) -> tuple[str, str]:
    if went_well is None:
        return ("▶", "cyan") if is_current else ("○", "dim")
    return ("✓", "green") if went_well else ("✗", "red")


def _summary(hidden: Sequence[Row], width: int) -> Text:
    """`… 35 more: 23 wait, 12 done`."""
    words: dict[State, str] = {
        "failed": "failed",
        "works": "at work",
        "waits": "wait",
        "done": "done",
    }
    counts = [(sum(row.state == state for row in hidden), word) for state, word in words.items()]
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    return _cut(f"… {len(hidden)} more: {said}", width, "dim")


def clock(seconds: float) -> str:
    """`1:05`; hours as `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
