"""What the working tree on a host is at."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact
from deploy.inventory.layout import Layout, ReleasesLayout
from deploy.shell import Call, call


@dataclass(frozen=True, slots=True)
class TreeState:
    """The git tree at the app's path."""

    head: str
    """Full commit, or empty where there is no tree yet."""
    branch: str
    dirty: tuple[str, ...] = ()
    """Changed files, at most 20, in git's own quoting."""
    changes: int = 0
    """How many there are."""
    interrupted: bool = False
    """An activation was cut off; the next one puts its tree back first."""


def parse_tree(text: str) -> TreeState:
    """Parse the answer of `tree_state`: `key=value` lines, `dirty` repeated."""
    rows = [line.split("=", 1) for line in text.splitlines() if "=" in line]
    values = dict(rows)
    return TreeState(
        head=values.get("head", ""),
        branch=values.get("branch", ""),
        dirty=tuple(value for key, value in rows if key == "dirty"),
        changes=int(values.get("dirty_count", 0)),
        interrupted=values.get("interrupted") == "yes",
    )


def _call(layout: Layout) -> Call:
    return call("tree_state", layout.current if isinstance(layout, ReleasesLayout) else layout.app)


Tree: Fact[TreeState] = Fact("tree", _call, parse_tree)
