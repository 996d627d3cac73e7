"""With one worker a reload is an outage: measured, 307 answers of 502."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject

SHARE = 0.75
"""Of the machine's memory, for workers; as `auto` counts (cluster.sh)."""


def look(subject: Subject) -> Iterator[Problem]:
    """At least two workers where they are replaced in turn, and no more than memory holds."""
    wanted = subject.facts.cluster.workers_wanted
    if subject.environment.strategy != "releases" and wanted < 2 and subject.host.serves:
        yield (
            "warning",
            "one worker only: capacity drops to zero while it is replaced",
            "set workers to 2 or more",
        )
    size, room = _worker_size(subject), subject.facts.machine.total * SHARE
    if size and room and wanted * size > room:
        yield (
            "warning",
            f"{wanted} workers of {size // 1024} MB each, as measured, are more than 3/4 of the"
            f" memory ({subject.facts.machine.total // 1024} MB): the host may begin to swap",
            f"set worker_memory: {size // 1024 + 1}m for `workers: auto`, or a number of workers",
        )


def _worker_size(subject: Subject) -> int:
    """Kilobytes that one worker holds now, what they share counted in parts; 0: not measured."""
    overlap, running = subject.facts.overlap, len(subject.facts.cluster.workers)
    return overlap.held // running if overlap and running else 0


RULE = Rule("capacity", "Workers are stopped before they are started again.", look)
