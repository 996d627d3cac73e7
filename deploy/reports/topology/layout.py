"""Places for a topology: layers one below the other, groups of a layer side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from deploy.reports.topology.graph import Card, Edge, Graph, Group

CHARACTER = 7.0
CARD, LINE, HEAD = 168, 17, 26
_GAP, _PAD, _TITLE, _BETWEEN, _SIDE = 12, 14, 26, 58, 36
_ABREAST = 4
"""Cards in a row of a group, at most."""
SIGNS = {"well": "✓", "ill": "✗", "lost": "⊘", "reached": "○", "unknown": ""}


@dataclass(frozen=True, slots=True)
class CardShape:
    """A card and its lines of text, as many as fit."""

    card: Card
    x: float
    y: float
    height: float
    name: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class GroupShape:
    """The frame of a group."""

    group: Group
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class EdgeShape:
    """A curve from the foot of one frame to the head of another, and its words."""

    edge: Edge
    path: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything with its place."""

    graph: Graph
    width: float
    height: float
    groups: Sequence[GroupShape]
    cards: Sequence[CardShape]
    edges: Sequence[EdgeShape]
    follows: Sequence[str]
    """Paths from a primary to a replica beside it."""


def lay_out(graph: Graph) -> Picture:
    """The picture; its size is what it needs."""
    layers = [list(found) for _, found in groupby(graph.groups, key=lambda one: one.layer)]
    widths = [sum(_size(one)[0] for one in layer) + _SIDE * (len(layer) - 1) for layer in layers]
    width = max(widths) + 2 * _PAD
    frames, y = [], 44.0
    for layer, own in zip(layers, widths, strict=True):
        x = (width - own) / 2
        for group in layer:
            size = _size(group)
            frames.append(GroupShape(group, x, y, *size))
            x += size[0] + _SIDE
        y += max(_size(one)[1] for one in layer) + _BETWEEN
    cards = [card for frame in frames for card in _cards(frame)]
    by_id = {frame.group.id: frame for frame in frames}
    edges = list(_edges(graph.edges, by_id))
    return Picture(graph, width, y - _BETWEEN + 40, frames, cards, edges, list(_follows(cards)))


def _size(group: Group) -> tuple[float, float]:
    abreast = min(_ABREAST, len(group.cards))
    rows = -(-len(group.cards) // _ABREAST)
    least = len(group.title) * CHARACTER + 2 * _PAD
    width = max(abreast * (CARD + _GAP) - _GAP + 2 * _PAD, least)
    return width, _TITLE + rows * (_height(group) + _GAP) - _GAP + _PAD


def _height(group: Group) -> float:
    return HEAD + max(len(_lines(card)) for card in group.cards) * LINE + 6


def _cards(frame: GroupShape) -> Iterator[CardShape]:
    group, height = frame.group, _height(frame.group)
    for number, card in enumerate(group.cards):
        row, column = divmod(number, _ABREAST)
        here = min(_ABREAST, len(group.cards) - row * _ABREAST)
        left = frame.x + (frame.width - here * (CARD + _GAP) + _GAP) / 2
        x, y = left + column * (CARD + _GAP), frame.y + _TITLE + row * (height + _GAP)
        sign = SIGNS[card.health.state]
        name = f"{sign} {card.name}".strip()
        yield CardShape(card, x, y, height, _fit(name), [*map(_fit, _lines(card))])


def _lines(card: Card) -> tuple[str, ...]:
    return (*card.lines, card.health.why) if card.health.why else card.lines


def _fit(text: str) -> str:
    most = int((CARD - 20) / CHARACTER)
    return text if len(text) <= most else text[: most - 1] + "…"


def _edges(edges: Sequence[Edge], frames: Mapping[str, GroupShape]) -> Iterator[EdgeShape]:
    """Where several meet a frame they share its side, in the order of where they lead."""
    for edge in edges:
        start, end = frames[edge.start], frames[edge.end]
        upper, lower = (end, start) if edge.is_watch else (start, end)
        feet = [e for e in edges if not e.is_watch and e.start == upper.group.id]
        feet += [e for e in edges if e.is_watch and e.end == upper.group.id]
        heads = [e for e in edges if not e.is_watch and e.end == lower.group.id]
        heads += [e for e in edges if e.is_watch and e.start == lower.group.id]
        x1 = _port(upper, edge, feet, frames)
        x2 = _port(lower, edge, heads, frames)
        y1, y2 = upper.y + upper.height, lower.y
        way = ((x2, y2), (x1, y1)) if edge.is_watch else ((x1, y1), (x2, y2))
        yield EdgeShape(edge, _curve(*way), (3 * x1 + x2) / 4 + 6, y1 + (y2 - y1) * 0.3 + 3)


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """It leaves and comes upright."""
    (x1, y1), (x2, y2) = start, end
    middle = (y1 + y2) / 2
    return f"M{x1:.1f},{y1:.1f}C{x1:.1f},{middle:.1f} {x2:.1f},{middle:.1f} {x2:.1f},{y2:.1f}"


def _port(
    frame: GroupShape, edge: Edge, edges: Sequence[Edge], frames: Mapping[str, GroupShape]
) -> float:
    def other(one: Edge) -> float:
        far = frames[one.end if one.start == frame.group.id else one.start]
        return far.x + far.width / 2

    ordered = sorted(edges, key=other)
    return frame.x + frame.width * (ordered.index(edge) + 1) / (len(ordered) + 1)


def _follows(cards: Sequence[CardShape]) -> Iterator[str]:
    by_name = {(one.card.name, one.y): one for one in cards if "primary" in one.card.lines}
    for one in cards:
        first = by_name.get((one.card.follows, one.y))
        if first and abs(first.x - one.x) == CARD + _GAP:
            y = one.y + HEAD / 2
            start, end = (first.x + CARD, one.x) if first.x < one.x else (first.x, one.x + CARD)
            yield f"M{start:.1f},{y:.1f}H{end:.1f}"
