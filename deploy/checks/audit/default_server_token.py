"""The token of the template is known to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene

_DEFAULT = re.compile(r"\bserverToken\b.*change-?me", re.IGNORECASE)


def look(scene: Scene) -> Iterator[Place]:
    """Places where the server token is the one of the template."""
    for one in scene.hosts:
        for line in one.audit.config:
            if _DEFAULT.search(line.text):
                yield one.host.name, line.place, line.text.strip()


RULE = AuditRule(
    id="default_server_token",
    what="the server token is the one of the template",
    why="Anybody who reaches the port may speak for a server.",
    source=NOTES,
    severity="error",
    mend="read it from the environment: process.env.SERVER_TOKEN",
    before="serverToken: 'change-me'",
    after="serverToken: process.env.SERVER_TOKEN",
    look=look,
)
