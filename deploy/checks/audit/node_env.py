"""ActionHero is in developer mode unless it is told otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a process does not run as production."""
    for one in scene.hosts:
        seen = one.audit.variable("NODE_ENV")
        for pid, value in seen.items():
            if value != "production":
                yield one.host.name, f"process {pid}", f"NODE_ENV={value}"


RULE = AuditRule(
    id="node_env",
    what="a process does not run as production",
    why="It reloads files as they change, and shows errors with their traces.",
    source=NOTES,
    severity="error",
    mend="take NODE_ENV out of `env`, then `invoke restart`",
    before="env: {NODE_ENV: development}",
    after="# NODE_ENV is production by itself",
    look=look,
)
