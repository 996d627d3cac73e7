"""Behind a link the workers go on with the directory that it led to."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a cluster behind a link was started without PROJECT_ROOT."""
    for one in scene.hosts:
        known = one.audit.variable("PROJECT_ROOT")
        for master in one.facts.cluster.masters if one.audit.is_link else ():
            if master.pid not in known:
                yield one.host.name, f"process {master.pid}", "no PROJECT_ROOT, and a link"


RULE = AuditRule(
    id="project_root",
    what="a cluster behind a link was started without PROJECT_ROOT",
    why="A reload succeeds, and serves the old code.",
    source=MEASURED,
    severity="error",
    mend="set env.PROJECT_ROOT to the link, and restart; or use strategy releases",
    before="path: /srv/chat/current",
    after="path: /srv/chat/current\nenv: {PROJECT_ROOT: /srv/chat/current}",
    look=look,
)
