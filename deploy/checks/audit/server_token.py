"""Servers of a cluster know each other by the server token."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the server token is no secret of the inventory."""
    for host in scene.app_hosts:
        name = host.settings.actionhero.server_token_env
        if name not in host.settings.secrets:
            yield host.name, "secrets", f"there is no {name}"


RULE = AuditRule(
    id="server_token",
    what="the server token is no secret of the inventory",
    why="With the token that everybody knows, anybody may speak for a server.",
    source=NOTES,
    severity="error",
    mend="declare the variable of `actionhero.server_token_env` under `secrets`",
    before="secrets: {}",
    after="secrets: {SERVER_TOKEN: {env: SERVER_TOKEN}}",
    look=look,
)
