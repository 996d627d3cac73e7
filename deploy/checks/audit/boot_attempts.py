"""A socket that an ended process left needs a second try."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene

_ONCE = re.compile(r"\bbootAttempts\b['\"]?\s*[:=]\s*[01]\b")


def look(scene: Scene) -> Iterator[Place]:
    """Places where a stale socket ends the process at once."""
    for one in scene.hosts:
        for line in one.audit.config:
            if _ONCE.search(line.text):
                yield one.host.name, line.place, line.text.strip()


RULE = AuditRule(
    id="boot_attempts",
    what="a stale socket ends the process at once",
    why="14 crash-loops, 29 ends: measured with bootAttempts 1.",
    source=MEASURED,
    severity="error",
    mend="set bootAttempts to 3",
    before="bootAttempts: 1",
    after="bootAttempts: 3",
    look=look,
)
