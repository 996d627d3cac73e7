"""What may be kept need not be sent again."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where static files are sent without what a cache asks by."""
    for one in scene.serving:
        for off in one.audit.nginx.all("etag", "if_modified_since"):
            if off.words[1:] == ["off"]:
                yield one.host.name, f"nginx: {off.name}", "off"


RULE = AuditRule(
    id="nginx_cache_headers",
    what="static files are sent without what a cache asks by",
    why="CDN and browsers fetch all of them again, each time.",
    source=NOTES,
    severity="warning",
    mend="take `etag off` and `if_modified_since off` out",
    before="etag off;",
    after="etag on;",
    look=look,
)
