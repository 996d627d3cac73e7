"""The environment of the app holds its secrets."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where others may read the file of the app's environment."""
    for one in scene.hosts:
        for file in one.audit.modes:
            if file.kind == "env" and file.mode & 0o077:
                yield one.host.name, file.path, f"{file.mode:04o}"


RULE = AuditRule(
    id="env_file_mode",
    what="others may read the file of the app's environment",
    why="Every user of the machine reads the passwords in it.",
    source=MEASURED,
    severity="error",
    mend="chmod 600 the file",
    before="-rw-r--r-- shared/env",
    after="-rw------- shared/env",
    look=look,
)
