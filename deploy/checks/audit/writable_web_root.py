"""What anybody may write, nginx serves to everybody."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where others may write to the web root."""
    for one in scene.hosts:
        for file in one.audit.modes:
            if file.kind == "public" and file.mode & 0o002:
                yield one.host.name, file.path, f"{file.mode:04o}"


RULE = AuditRule(
    id="writable_web_root",
    what="others may write to the web root",
    why="Any account of the machine can put a page there.",
    source=MEASURED,
    severity="error",
    mend="chmod o-w the directory",
    before="drwxrwxrwx public",
    after="drwxr-xr-x public",
    look=look,
)
