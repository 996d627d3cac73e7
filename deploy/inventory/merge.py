"""Lays one tree over another: mappings merge, everything else is replaced whole."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from deploy.inventory.nodes import Node


def merge(*layers: Node) -> Node:
    """The layers in rising order of precedence. Positions stay those of the winner."""
    return reduce(_lay, layers)


def _lay(lower: Node, upper: Node) -> Node:
    if not _merges(lower, upper):
        return upper
    merged = dict(lower.children())
    for key, child in upper.children().items():
        merged[key] = _lay(merged[key], child) if key in merged else child
    return replace(upper, value=merged)


def _merges(lower: Node, upper: Node) -> bool:
    """A secret's source is one value: `file` over `env` must not leave both."""
    is_secret = len(upper.path) >= 2 and upper.path[-2] == "secrets"
    return isinstance(lower.value, dict) and isinstance(upper.value, dict) and not is_secret
