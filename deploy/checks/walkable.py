"""nginx's user has to get to the sockets and to the static files; the app's user made both."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """Every directory on the way lets nginx's user through."""
    overlap = subject.facts.overlap
    if not overlap or not subject.host.serves:
        return
    for directory, mode in overlap.blocked:
        where = shlex.quote(directory)
        yield (
            "error",
            f"nginx's user {overlap.nginx_user} cannot walk through {directory} (mode {mode})",
            f"setfacl -m u:{overlap.nginx_user}:x {where}, or for everybody: chmod o+x {where}",
        )


RULE = Rule("walkable", "nginx would answer 502 to everybody: permission denied.", look)
