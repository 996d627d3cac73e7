"""Requests, errors and latency around a host's switch, as shapes; times are relative to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.events import TrafficRead
from deploy.reports.page.scale import Scale, round_up

_TOP, _COUNTS, _GAP, _TIMES, _AXIS = 20, 96, 22, 64, 24
_LEFT = 52


@dataclass(frozen=True, slots=True)
class RowShape:
    """One row of requests: a column, the errors at its foot, and the latencies below."""

    x: float
    width: float
    y: float
    height: float
    errors_y: float
    errors_height: float
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment or a span in which who answers changed."""

    x: float
    width: float
    text: str
    text_x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture of one host."""

    width: int
    height: int
    left: int
    right: float
    rows: Sequence[RowShape]
    marks: Sequence[Mark]
    ticks: Sequence[tuple[float, str]]
    median: str
    """Points of a line."""
    slow: str
    counts_top: float
    counts_bottom: float
    times_top: float
    times_bottom: float
    most_requests: float
    most_time: str
    """With its unit."""


@dataclass(frozen=True, slots=True)
class Span:
    """The requests before, during or after what made other processes answer."""

    name: str
    seconds: int
    requests: int
    errors: int
    median: int
    """Milliseconds: the median of the rows', each counted by its requests."""
    slow: int
    """Milliseconds: of the slowest row."""


def summarize(read: TrafficRead) -> list[Span]:
    """Before the switch and from then on; what a reload took stands between them."""
    begin, end = _course(read)

    def rows(low: float, high: float) -> list[Mapping[str, Any]]:
        return [one for one in read.rows if low < one["at"] + read.width <= high]

    parts = [("before", rows(-math.inf, begin)), ("from then on", rows(end, math.inf))]
    if end > begin:
        parts.insert(1, ("meanwhile", rows(begin, end)))
    return [_span(name, found, read.width) for name, found in parts]


def _span(name: str, rows: Sequence[Mapping[str, Any]], width: int) -> Span:
    requests = sum(row["requests"] for row in rows)
    medians = sorted((row["median"], row["requests"]) for row in rows)
    middle, seen = 0, 0
    for median, count in medians:
        middle, seen = median, seen + count
        if 2 * seen >= requests:
            break
    errors = sum(row["errors"] for row in rows)
    slow = max((row["slow"] for row in rows), default=0)
    seconds = rows[-1]["at"] + width - rows[0]["at"] if rows else 0
    return Span(name, seconds, requests, errors, middle, slow)


def _course(read: TrafficRead) -> tuple[int, int]:
    """From when to when it was first switched: all is told relative to its begin."""
    first = read.switches[0]
    ends = (one["at"] for one in read.switches if one["event"] != "started")
    end = int(next(ends, first["at"]))
    return (int(first["at"]) if first["step"] in _SPANS else end), end


def draw_traffic(read: TrafficRead, width: int) -> Chart | None:
    """The picture at that width; None where there is nothing to draw."""
    if not read.rows:
        return None
    zero, _ = _course(read)
    high = max([read.rows[-1]["at"] + read.width, *(one["at"] + 1 for one in read.switches)])
    low = min([read.rows[0]["at"], *(one["at"] - 1 for one in read.switches)])
    scale = Scale(low - zero, high - zero, _LEFT, width - 4)
    top = round_up(max(row["requests"] for row in read.rows))
    most = round_up(max(row["slow"] for row in read.rows))
    foot, times = _TOP + _COUNTS, _TOP + _COUNTS + _GAP
    return Chart(
        width=width,
        height=times + _TIMES + _AXIS,
        left=_LEFT,
        right=scale.right,
        rows=[_row(row, read.width, zero, scale, top) for row in read.rows],
        marks=list(_marks(read, zero, scale)),
        ticks=scale.ticks(64),
        median=_line(read, zero, scale, "median", most, times),
        slow=_line(read, zero, scale, "slow", most, times),
        counts_top=_TOP,
        counts_bottom=foot,
        times_top=times,
        times_bottom=times + _TIMES,
        most_requests=top / read.width,
        most_time=f"{most / 1000:g} s" if most >= 1000 else f"{most:g} ms",
    )


def _row(row: Mapping[str, Any], width: int, zero: int, scale: Scale, top: float) -> RowShape:
    x, end = scale.place(row["at"] - zero), scale.place(row["at"] + width - zero)
    height = row["requests"] / top * _COUNTS
    errors = max(3.0, row["errors"] / top * _COUNTS) if row["errors"] else 0.0
    foot = _TOP + _COUNTS
    title = (
        f"{row['at'] - zero:+d} s: {row['requests']} requests, {row['errors']} errors, "
        f"median {row['median']} ms, 95 % within {row['slow']} ms"
    )
    span = max(1.0, round(end - x - 1, 2))
    return RowShape(x, span, foot - height, height, foot - errors, errors, title)


def _line(read: TrafficRead, zero: int, scale: Scale, key: str, most: float, top: float) -> str:
    points = []
    for row in read.rows:
        x = scale.place(row["at"] + read.width / 2 - zero)
        points.append(f"{x},{round(top + _TIMES * (1 - row[key] / most), 2)}")
    return " ".join(points)


def _marks(read: TrafficRead, zero: int, scale: Scale) -> list[Mark]:
    """A switch is a moment, a reload a span; what was undone is marked, too."""
    begun: dict[str, int] = {}
    marks = []
    for one in read.switches:
        if one["event"] == "started":
            begun[one["step"]] = one["at"]
            continue
        start = begun.pop(one["step"], one["at"]) if one["step"] in _SPANS else one["at"]
        x, end = scale.place(start - zero), scale.place(one["at"] - zero)
        text = "back" if one["event"] == "undone" else _WORDS.get(one["step"], one["step"])
        is_late = x > (scale.left + scale.right) / 2
        place, anchor = (x - 4, "end") if is_late else (end + 4, "start")
        marks.append(Mark(x, max(2.0, round(end - x, 2)), text, place, anchor))
    return marks


_SPANS = ("reload_cluster", "start_cluster")
"""Steps whose whole course matters; a switch is one rename."""
_WORDS = {"switch_live": "switch", "reload_cluster": "reload", "start_cluster": "start"}
