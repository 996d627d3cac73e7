"""Which ActionHero runs on which Node, as measured."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject
from deploy.inventory.process_model import node_pairing


def look(subject: Subject) -> Iterator[Problem]:
    """The host's Node runs the target's ActionHero."""
    node, version = subject.facts.machine.node, subject.target.version
    if node and version and (why := node_pairing(version, node)):
        yield "error", f"ActionHero {version} on Node {node}: {why}", "set node_bin to another Node"


RULE = Rule("node_pairing", "Old ActionHero does not boot on new Node.", look)
