"""Files of another user in the tree: a checkout or an install cannot replace them."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """Everything in the tree belongs to the deploy user."""
    facts = subject.facts
    if facts.foreign_files:
        names = ", ".join(facts.foreign_files[:5])
        yield (
            "error",
            f"files that {facts.machine.user} does not own: {names}",
            f"sudo chown -R {facts.machine.user} {facts.cluster.root}",
        )


RULE = Rule("ownership", "One `sudo npm install` leaves files that no deploy can replace.", look)
