"""An environment as a picture: who asks whom, from clients to redis; of its inventory alone."""

from __future__ import annotations

from deploy.reports.topology.graph import Card, Edge, Graph, Group, Health, make_graph
from deploy.reports.topology.layout import Picture, lay_out
from deploy.reports.topology.text import mermaid, tree

TEMPLATE = "topology/topology.svg.j2"
PAGE = "topology/topology.html.j2"

__all__ = [
    "PAGE",
    "TEMPLATE",
    "Card",
    "Edge",
    "Graph",
    "Group",
    "Health",
    "Picture",
    "lay_out",
    "make_graph",
    "mermaid",
    "tree",
]
