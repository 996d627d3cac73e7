"""From seconds to places on a picture: a linear scale with round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

CHARACTER = 6.4
"""Width of a character of the pictures' text, in their units; somewhat more than it takes."""
_TOPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Scale:
    """`low` to `high` seconds are drawn from `left` to `right`."""

    low: float
    high: float
    left: float
    right: float

    def place(self, value: float) -> float:
        """Where a moment is drawn; what is outside, at the edge."""
        part = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1)
        return round(self.left + part * (self.right - self.left), 2)

    def ticks(self, room: float) -> list[tuple[float, str]]:
        """Places and words of round moments that are at least `room` apart."""
        least = (self.high - self.low) / max(1.0, (self.right - self.left) / room)
        step = next((one for one in _STEPS if one >= least), math.ceil(least / 3600) * 3600)
        first = math.ceil(self.low / step)
        count = int((self.high - first * step) / step + 1e-9)
        moments = [(first + n) * step for n in range(count + 1)]
        return [(self.place(one), clock(one, step)) for one in moments]


def clock(seconds: float, step: float = 1) -> str:
    """`12 s`, `0.5 s`, `2:30 min`; a minus sign for what was before."""
    sign, rest = ("\N{MINUS SIGN}" if seconds < 0 else ""), abs(seconds)
    if rest >= 120 or (rest >= 60 and step >= 1):
        return f"{sign}{int(rest) // 60}:{int(rest) % 60:02d} min"
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    return f"{sign}{rest:.{digits}f} s"


def round_up(value: float) -> float:
    """The next round number, for the top of an axis."""
    if value <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(one * power for one in _TOPS if one * power >= value)


def stagger(spans: Iterable[tuple[float, float]]) -> list[int]:
    """For spans in the order of their begin: the first line on which each meets no other."""
    ends: list[float] = []
    lines = []
    for start, end in spans:
        line = next((n for n, last in enumerate(ends) if last <= start), len(ends))
        ends[line : line + 1] = [end]
        lines.append(line)
    return lines
