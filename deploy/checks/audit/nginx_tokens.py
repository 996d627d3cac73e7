"""A version is what an attacker asks first."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where nginx tells its version."""
    for one in scene.serving:
        nginx = one.audit.nginx
        told = [t for t in nginx.all("server_tokens") if t.words[1:] != ["off"]]
        if nginx.all("server") and (told or not nginx.all("server_tokens")):
            yield one.host.name, "nginx: server_tokens", " ".join(told[0].words if told else ["on"])


RULE = AuditRule(
    id="nginx_tokens",
    what="nginx tells its version",
    why="It names the faults that fit.",
    source=NOTES,
    severity="notice",
    mend="server_tokens off",
    before="server_tokens on;",
    after="server_tokens off;",
    look=look,
)
