"""With one worker a reload is an outage: measured, 307 answers of 502."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """At least two workers."""
    if subject.facts.cluster.workers_wanted < 2 and subject.host.serves:
        yield (
            "warning",
            "one worker only: capacity drops to zero while it is replaced",
            "set workers to 2 or more",
        )


RULE = Rule("capacity", "Workers are stopped before they are started again.", look)
