"""From ActionHero 22 on, a process that was started by hand holds the endpoint of one of ours."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """No process of the app listens where one is to listen that this tool starts."""
    environment, host = subject.environment.name, subject.host.name
    for taken in subject.facts.cluster.taken:
        yield (
            "error",
            f"process {taken.pid} of this app was not started by this tool, and listens on "
            f"{taken.endpoint}, which is for a new one",
            f"what started it (pm2, cron, a terminal) has to let go of it; then: invoke restart "
            f"--env {environment} --limit {host} (for some seconds nobody answers)",
        )


RULE = Rule("taken", "A new process cannot listen where an old one does.", look)
