"""In which order hosts go: canary first, then batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def batches(items: Sequence[T], sizes: Sequence[str | int]) -> tuple[tuple[T, ...], ...]:
    """Split `items` by sizes (numbers, or percentages of all); the last size repeats.

    >>> batches("abcdef", (1, "50%"))
    (('a',), ('b', 'c', 'd'), ('e', 'f'))
    """
    result: list[tuple[T, ...]] = []
    position = 0
    while position < len(items):
        size = _count(sizes[min(len(result), len(sizes) - 1)], len(items))
        result.append(tuple(items[position : position + size]))
        position += size
    return tuple(result)


def _count(size: str | int, total: int) -> int:
    if isinstance(size, str) and size.endswith("%"):
        return max(1, math.ceil(total * float(size[:-1]) / 100))
    return max(1, int(size))
