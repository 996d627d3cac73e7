"""A connection that nginx keeps leads to the code it was made to."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where nginx keeps connections to the app."""
    for one in scene.serving if scene.environment.strategy == "releases" else ():
        for upstream in one.audit.nginx.all("upstream"):
            for kept in upstream.find("keepalive"):
                yield one.host.name, f"nginx: upstream {upstream.words[-1]}", " ".join(kept.words)


RULE = AuditRule(
    id="nginx_keepalive",
    what="nginx keeps connections to the app",
    why="After a switch they reach the old release, until they are idle out.",
    source=MEASURED,
    severity="warning",
    mend="take `keepalive` out of the upstream",
    before="upstream app { server unix:/srv/chat/live/0.sock; keepalive 16; }",
    after="upstream app { server unix:/srv/chat/live/0.sock; }",
    look=look,
)
