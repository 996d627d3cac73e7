"""The timeline as shapes: a lane a host, a bar a step, stages and batches as bands behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.reports.page.scale import CHARACTER, Scale, clock, stagger
from deploy.reports.page.story import Band, Bar, Story

WIDE, NARROW = 1040, 346
"""Widths of the pictures: of a desktop, and of a telephone, where names stand above their lanes."""
BAR = 22
_LABEL = 16
_AXIS = 36
_NAMES = (12, 28)
"""Characters of a host's name beside a lane, at least and at most."""
_BOLD = 1.2
"""How much wider the names of hosts are than the other text."""
SIGNS = {"failed": "✗", "not undone": "✗", "cut off": "✂", "undone": "↶", "unchanged": "="}


@dataclass(frozen=True, slots=True)
class BarShape:
    """A bar, where it is, and as much of its name as fits."""

    bar: Bar
    x: float
    y: float
    width: float
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class BandShape:
    """A band, and the line on which its name stands."""

    band: Band
    x: float
    width: float
    text_x: float
    text_y: float
    text: str


@dataclass(frozen=True, slots=True)
class LaneShape:
    """A host's name and lane."""

    host: str
    text: str
    """The name, as much of it as fits."""
    x: float
    y: float
    lane_y: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture."""

    width: int
    height: float
    top: float
    bottom: float
    left: float
    bars: Sequence[BarShape]
    bands: Sequence[BandShape]
    lanes: Sequence[LaneShape]
    ticks: Sequence[tuple[float, str]]
    proved: float | None


def draw_timeline(story: Story, width: int) -> Timeline:
    """The picture at that width."""
    longest = max([_NAMES[0], *(len(host) for host in story.lanes)])
    names = min(longest, _NAMES[1]) if width == WIDE else 0
    left = names * CHARACTER * _BOLD + 8 if names else 1.0
    scale = Scale(0, story.end or 1, left, width - 6)
    bands, lines = _bands(story.bands, scale)
    top = lines * _LABEL + 6.0
    pitch = BAR + (8 if names else _LABEL + 10)
    lanes = [_lane(host, top + n * pitch, bool(names)) for n, host in enumerate(story.lanes)]
    bottom = top + len(lanes) * pitch
    places = {lane.host: lane.lane_y for lane in lanes}
    return Timeline(
        width,
        bottom + _AXIS,
        top,
        bottom,
        left,
        [_bar(bar, scale, places[bar.host]) for bar in story.bars],
        bands,
        lanes,
        scale.ticks(90 if names else 70),
        None if story.proved is None else scale.place(story.proved),
    )


def _lane(host: str, y: float, is_beside: bool) -> LaneShape:
    if is_beside:
        text = host if len(host) <= _NAMES[1] else f"{host[: _NAMES[1] - 1]}…"
        return LaneShape(host, text, 0, y + BAR / 2 + 8, y + 4)
    return LaneShape(host, host, 1, y + _LABEL, y + _LABEL + 5)


def _bar(bar: Bar, scale: Scale, y: float) -> BarShape:
    x, end = scale.place(bar.start), scale.place(bar.end)
    width = max(2.0, round(end - x, 2))
    sign = SIGNS.get(bar.outcome, "")
    words = f"{sign} {bar.step}".strip()
    fits = int((width - 6) / CHARACTER)
    text = words if len(words) <= fits else sign if len(sign) <= fits else ""
    title = f"{bar.host}: {bar.step}, {bar.outcome}, {clock(bar.seconds, 0.01)}"
    return BarShape(bar, x, y, width, text, f"{title} ({bar.stage})")


def _bands(bands: Sequence[Band], scale: Scale) -> tuple[list[BandShape], int]:
    """The bands, and how many lines their names take."""
    spans = []
    for band in bands:
        x, length = scale.place(band.start), len(band.name) * CHARACTER + 10
        begin = max(scale.left, min(x + 3, scale.right - length))
        spans.append((begin, begin + length))
    lines = stagger(spans)
    shapes = [
        BandShape(
            band,
            x := scale.place(band.start),
            max(1.5, scale.place(band.end or band.start) - x),
            span[0],
            line * _LABEL + 12.0,
            band.name,
        )
        for band, span, line in zip(bands, spans, lines, strict=True)
    ]
    return shapes, max(lines, default=0) + 1
