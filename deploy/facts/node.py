"""Which Node processes a machine has, under the name by which they call it."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact, table
from deploy.facts.cluster import is_node_program
from deploy.shell import call


@dataclass(frozen=True, slots=True)
class NodeState:
    """One machine's Node processes."""

    name: str
    """As the machine calls itself (os.hostname())."""
    pids: frozenset[int] | None
    """Node's, and those of which nobody may know; None where processes are hidden."""


def parse_node(text: str) -> NodeState:
    """Parse the answer of `list_node`."""
    rows = table(text)
    name = next(row[1] for row in rows if row[0] == "name")
    if ["known"] not in rows:
        return NodeState(name, None)
    programs = {int(row[1]): row[2] for row in rows if row[0] == "process"}
    return NodeState(name, frozenset(pid for pid, of in programs.items() if _may_be_node(of)))


def _may_be_node(program: str) -> bool:
    """Of another user's process no program shows."""
    found = program.partition(" -> ")[2]
    return not found or is_node_program(found)


Nodes: Fact[NodeState] = Fact("nodes", lambda _: call("list_node"), parse_node)
