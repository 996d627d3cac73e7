"""Whoever reaches redis without a password owns the app."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis is asked over the network without a password."""
    for one in scene.redis:
        if not one.has_password and not one.is_local:
            yield one.host, f"redis {one.state.servers[0].address}", "no password"


RULE = AuditRule(
    id="redis_password",
    what="redis is asked over the network without a password",
    why="Jobs are code that runs: anybody on that network may enqueue them.",
    source="redis.io, security",
    severity="error",
    mend="redis_server.password_env, and the variable under `secrets`",
    before="secrets: {}",
    after="secrets: {REDIS_PASSWORD: {env: REDIS_PASSWORD}}",
    look=look,
)
