"""A topology as text: a tree for the terminal, and Mermaid for a README."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.reports.topology.graph import Card, Edge, Graph, Group
from deploy.reports.topology.layout import SIGNS

_STYLES = {
    "well": "fill:#dcf5e3,stroke:#1a7f37,color:#116329",
    "ill": "fill:#ffe7e6,stroke:#c0262d,color:#a8071a",
    "lost": "fill:#ffe7e6,stroke:#c0262d,color:#a8071a,stroke-dasharray:4 3",
    "reached": "fill:#f5f7f9,stroke:#6b7580,color:#1b1f24",
    "outside": "fill:#ffffff,stroke:#6b7580,color:#1b1f24,stroke-dasharray:4 3",
}


def tree(graph: Graph) -> str:
    """Groups from the clients to redis, their hosts below them, and whom each group asks."""
    titles = {one.id: one.title for one in graph.groups}
    return "\n".join(
        [graph.title, *(line for g in graph.groups for line in _branch(g, graph, titles))]
    )


def _branch(group: Group, graph: Graph, titles: dict[str, str]) -> Iterator[str]:
    asked = [edge for edge in graph.edges if edge.start == group.id]
    where = "; ".join(titles[one.end] for one in asked)
    verb = "watch" if any(one.is_watch for one in asked) else "→"
    yield f"{group.title}{f'  {verb} {where}' if where else ''}"
    widest = max(len(card.name) for card in group.cards)
    for number, card in enumerate(group.cards, 1):
        twig = "└─" if number == len(group.cards) else "├─"
        sign = f"{SIGNS[card.health.state] or '·'} " if graph.is_live else ""
        yield f"{twig} {sign}{card.name:<{widest}}  {', '.join(_words(card))}".rstrip()


def _words(card: Card) -> list[str]:
    return [*card.lines, *([card.health.why] if card.health.why else [])]


def mermaid(graph: Graph) -> str:
    """A flowchart in a fence, as GitHub and GitLab draw it."""
    lines = ["```mermaid", "flowchart TD"]
    for group in graph.groups:
        lines.append(f'  subgraph {group.id}["{_escape(group.title)}"]')
        lines += [f"    {_node(group, number)}" for number in range(len(group.cards))]
        lines.append("  end")
    lines += [f"  {_arrow(edge)}" for edge in graph.edges]
    lines += [f"  {line}" for group in graph.groups for line in _follows(group)]
    used = {_style(card) for group in graph.groups for card in group.cards}
    lines += [f"  classDef {name} {style}" for name, style in _STYLES.items() if name in used]
    return "\n".join([*lines, "```", ""])


def _node(group: Group, number: int) -> str:
    card = group.cards[number]
    name = f"{SIGNS[card.health.state]} {card.name}".strip()
    text = "<br>".join(map(_escape, (name, *_words(card))))
    style = _style(card)
    return f'{group.id}{number}["{text}"]{f":::{style}" if style in _STYLES else ""}'


def _style(card: Card) -> str:
    return "outside" if card.is_outside else card.health.state


def _arrow(edge: Edge) -> str:
    label = f'|"{_escape(edge.label)}"|' if edge.label else ""
    return f"{edge.start} {'-.->' if edge.is_watch else '-->'}{label} {edge.end}"


def _follows(group: Group) -> Iterator[str]:
    places = {card.name: number for number, card in enumerate(group.cards)}
    for number, card in enumerate(group.cards):
        if card.follows in places:
            yield f'{group.id}{places[card.follows]} -.->|"replicates"| {group.id}{number}'


def _escape(text: str) -> str:
    """As Mermaid's entity codes: whatever means something to it or to Markdown becomes a number."""
    plain = " .,:;/()+-_→✓✗⊘○"
    return "".join(one if one.isalnum() or one in plain else f"#{ord(one)};" for one in text)
