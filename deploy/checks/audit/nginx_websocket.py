"""A WebSocket begins with an upgrade that nginx drops unless told."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where nginx does not pass WebSockets on."""
    for one in scene.serving:
        headers = one.audit.nginx.all("proxy_set_header")
        upgrades = [h for h in headers if h.words[1:2] and h.words[1].lower() == "upgrade"]
        wanted = one.host.settings.actionhero.websocket
        if wanted and one.audit.nginx.all("proxy_pass") and not upgrades:
            yield one.host.name, "nginx", "no location sets Upgrade"


RULE = AuditRule(
    id="nginx_websocket",
    what="nginx does not pass WebSockets on",
    why="Primus falls back to long polling: many requests in place of one connection.",
    source=NOTES,
    severity="notice",
    mend="set Upgrade and Connection in the location of /primus",
    before="location /primus { proxy_pass http://app; }",
    after="location /primus { proxy_set_header Upgrade $http_upgrade; proxy_pass http://app; }",
    look=look,
)
