"""A directory that was deployed in place holds what releases would not know of."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """The directory is no in-place tree, or one that was adopted."""
    releases = subject.facts.releases
    if releases and releases.in_place:
        yield (
            "error",
            "the app's directory is an in-place tree, which processes may run from",
            f"turn it into the first release: invoke adopt --env {subject.environment.name}",
        )


RULE = Rule("adopted", "nginx would stay with the processes of the in-place tree.", look)
