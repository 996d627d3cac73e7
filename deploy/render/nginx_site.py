"""What the templates of nginx need of a site's extras: caches, maintenance, names of its own."""

from __future__ import annotations

import re
from typing import Any

from deploy.inventory.layout import Layout
from deploy.inventory.models import App
from deploy.inventory.settings import NginxSettings
from deploy.render.quoting import RefusedValue, Verbatim

STATUS = "/api/status"
"""What a deploy asks through nginx where the health path names no process (switch.sh)."""


def site_name(app: App, nginx: NginxSettings) -> str:
    """What upstream, zones and variables of the app are called, so that two apps share none."""
    plain = re.sub(r"[^a-z0-9_]", "_", app.name.lower())
    return nginx.site or (plain if plain[0].isalpha() else f"app_{plain}")


def probed(app: App) -> tuple[str, ...]:
    """The paths that balancers and deploys ask."""
    return tuple(dict.fromkeys((app.health.path.partition("?")[0], STATUS)))


def site_extras(nginx: NginxSettings, layout: Layout, site: str, proto: str) -> dict[str, Any]:
    """Values for headers of static files, the maintenance page and the cache."""
    static, closed, cache = nginx.static, nginx.maintenance, nginx.cache
    plain = f"public, max-age={static.max_age}" if static.max_age else "no-cache"
    directory, _, name = (closed.page or "").rpartition("/") if closed else ("", "", "")
    return {
        "cache_control": plain,
        "static_control": Verbatim(f"$cache_control_{site}") if static.immutable else plain,
        "immutable": _expression(static.immutable or ""),
        "immutable_control": f"public, max-age={static.immutable_max_age}, immutable",
        "maintenance": layout.maintenance,
        "page_directory": directory or "/",
        "page_name": name,
        "cache_path": (cache and cache.path) or f"/var/cache/nginx-{site}",
        "cache_key": f"{proto}$request_method$host$request_uri",
    }


def _expression(pattern: str) -> Verbatim:
    """A regular expression as the key of a `map`, where a $ is no variable."""
    if re.search(r"[\x00-\x20\x7f\"']", pattern) or pattern.endswith("\\"):
        raise RefusedValue(f"{pattern!r} could break out of its quotes")
    return Verbatim(f'"~{pattern}"')
