"""Developer mode is for developers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene

_ON = re.compile(r"\bdevelopmentMode\b['\"]?\s*[:=]\s*true\b")


def look(scene: Scene) -> Iterator[Place]:
    """Places where the app's configuration turns developer mode on."""
    for one in scene.hosts:
        for line in one.audit.config:
            if _ON.search(line.text):
                yield one.host.name, line.place, line.text.strip()


RULE = AuditRule(
    id="developer_mode",
    what="the app's configuration turns developer mode on",
    why="It watches files, and reloads what changes while users are served.",
    source=NOTES,
    severity="error",
    mend="set it to false under production",
    before="developmentMode: true",
    after="developmentMode: process.env.NODE_ENV !== 'production'",
    look=look,
)
