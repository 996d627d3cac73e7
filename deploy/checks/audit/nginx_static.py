"""Static files are nginx's work."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where nginx passes static files on to the app."""
    for one in scene.serving:
        for server in one.audit.nginx.all("server"):
            for location in server.find("location"):
                bare = location.words[1:] == ["/"] and not location.find("try_files")
                if bare and location.find("proxy_pass"):
                    yield one.host.name, "nginx: location /", "proxy_pass without try_files"


RULE = AuditRule(
    id="nginx_static",
    what="nginx passes static files on to the app",
    why="`location /` matches everything: a try_files at the server's level is never applied.",
    source=MEASURED,
    severity="warning",
    mend="put try_files into the location, with the app behind it",
    before="try_files $uri @app;\nlocation / { proxy_pass http://app; }",
    after="location / { try_files $uri @app; }\nlocation @app { proxy_pass http://app; }",
    look=look,
)
