"""An app that runs as another user can neither be read in /proc nor be signalled (kill(2))."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """Nobody else runs this app."""
    facts = subject.facts
    for process in facts.cluster.others:
        yield (
            "error",
            f"the app runs as {process.owner} (process {process.pid}: {process.name}), "
            f"and the deploy user is {facts.machine.user}",
            f"log in as {process.owner}: set `user: {process.owner}` for this host",
        )


RULE = Rule("other_user", "Another user's processes can be neither proved nor reloaded.", look)
