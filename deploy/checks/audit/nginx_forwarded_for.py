"""A location that sets one header inherits none."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the client's address is lost in a location."""
    for one in scene.serving:
        for location in one.audit.nginx.all("location"):
            names = {h.words[1].lower() for h in location.find("proxy_set_header") if h.words[1:]}
            passes = location.find("proxy_pass")
            if passes and names and "x-forwarded-for" not in names:
                where = f"nginx: location {' '.join(location.words[1:])}"
                yield one.host.name, where, "sets headers, and no X-Forwarded-For"


RULE = AuditRule(
    id="nginx_forwarded_for",
    what="the client's address is lost in a location",
    why="The app sees nginx's own address for those requests: limits and logs are wrong.",
    source=MEASURED,
    severity="warning",
    mend="repeat X-Forwarded-For in the location",
    before="location /primus { proxy_set_header Upgrade $http_upgrade; }",
    after="location /primus { proxy_set_header X-Forwarded-For $remote_addr; }",
    look=look,
)
