"""ActionHero ends hard when its own limit is over, and leaves the job claimed."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a worker is stopped before its longest task may end."""
    for host in scene.app_hosts:
        text = host.settings.env.get("ACTIONHERO_SHUTDOWN_TIMEOUT", "")
        limit = host.settings.stop_timeout
        if text.isdigit() and int(text) >= limit * 1000:
            yield host.name, "stop_timeout", f"{limit} s, and the app takes up to {text} ms"


RULE = AuditRule(
    id="shutdown_timeout",
    what="a worker is stopped before its longest task may end",
    why="The job stays claimed in redis, and nobody works it again.",
    source=MEASURED,
    severity="warning",
    mend="make stop_timeout longer than ACTIONHERO_SHUTDOWN_TIMEOUT (which is milliseconds)",
    before="stop_timeout: 60\nenv: {ACTIONHERO_SHUTDOWN_TIMEOUT: '120000'}",
    after="stop_timeout: 130\nenv: {ACTIONHERO_SHUTDOWN_TIMEOUT: '120000'}",
    look=look,
)
