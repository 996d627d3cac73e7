"""nginx.conf for one host, from templates/nginx/ and the inventory.

What nginx connects to, and what it serves from disk, comes from the layout alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.layout import Layout, ReleasesLayout, layout_for
from deploy.inventory.models import App, Environment, Host
from deploy.inventory.settings import NginxSettings, TlsSettings
from deploy.render.access_log import access_log_values
from deploy.render.engine import render_template
from deploy.render.mime_types import mime_types
from deploy.render.nginx_site import probed, site_extras, site_name
from deploy.render.quoting import Verbatim, nginx_value

FIRST_WITHOUT_CLUSTER = 22
"""ActionHero's first major without a cluster: one process a socket (upstream pull 1404)."""

CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


def render_nginx(
    environment: Environment,
    host: Host,
    *,
    major: int | None = None,
    workers: int | None = None,
    project: Path | None = None,
) -> dict[str, str]:
    """`{"nginx.conf": text}` for a host that serves, nothing for one that does not.

    `major` is ActionHero's major version where the inventory does not name it, `workers` what
    `workers: auto` turned out to be on the host, `project` the directory whose templates/ come
    first. Raises DeployError that names template, line and key, or asks for the major.
    """
    values = nginx_values(environment, host, major=major, workers=workers)
    if values is None:
        return {}
    try:
        text = render_template("nginx/nginx.conf.j2", values, nginx_value, project)
    except DeployError as error:
        error.host = host.name
        raise
    return {"nginx.conf": text}


def site_values(
    environment: Environment, host: Host, *, major: int | None = None
) -> dict[str, Any] | None:
    """The same for one site beside others. Raises DeployError where it has no name of its own."""
    values = nginx_values(environment, host, major=major)
    if values and host.settings.nginx.server_name == "_":
        raise DeployError(
            "a site beside others needs its own server_name",
            host=host.name,
            step="render",
            hint="set nginx.server_name; or let the program nginx have the whole nginx.conf",
            exit_code=ExitCode.USAGE,
        )
    return values and {**values, "whole": False, "default_server": Verbatim("")}


def nginx_values(
    environment: Environment, host: Host, *, major: int | None = None, workers: int | None = None
) -> dict[str, Any] | None:
    """What the templates of nginx find, as for `render_nginx`; None on a host that has no nginx."""
    if not host.serves:
        return None
    return {
        **_values(environment, host),
        "upstreams": _upstreams(environment, host, major, workers),
        "standby": _standby(environment, host, major, workers),
    }


def known_major(app: App, major: int | None) -> int:
    """ActionHero's major version: what the inventory says, else `major`.

    Raises DeployError when neither is known.
    """
    known = app.actionhero or major
    if known is None:
        raise DeployError(
            f"the major version of ActionHero in {app.name} is not known",
            step="render",
            hint="set app.actionhero in the inventory",
            exit_code=ExitCode.USAGE,
        )
    return known


def socket_count(app: App, major: int | None, workers: int) -> int:
    """Sockets that serve: one for a cluster, one a process from version 22.

    Raises DeployError when neither the process model nor the version is known.
    """
    if app.process_model != "auto":
        return workers if app.process_model == "processes" else 1
    return workers if known_major(app, major) >= FIRST_WITHOUT_CLUSTER else 1


def worker_count(host: Host, workers: int | None) -> int:
    """Workers of this host: what the inventory says, else `workers`, else 2."""
    declared = host.settings.workers
    return declared if isinstance(declared, int) else workers or 2


def _upstreams(
    environment: Environment, host: Host, major: int | None, workers: int | None
) -> list[str]:
    """Every server as often as it takes to have `spare_upstreams` more entries than workers."""
    count = worker_count(host, workers)
    servers = _servers(environment, host, socket_count(environment.app, major, count))
    wanted = count + host.settings.nginx.spare_upstreams
    rounds = -(-wanted // len(servers))
    return servers * rounds


def _standby(
    environment: Environment, host: Host, major: int | None, workers: int | None
) -> list[str]:
    """What is asked when every other server refuses; nothing where no old release runs on."""
    layout = layout_for(environment, host)
    if not isinstance(layout, ReleasesLayout) or not host.settings.overlap:
        return []
    count = socket_count(environment.app, major, worker_count(host, workers))
    return [f"unix:{layout.standby_socket(i)}" for i in range(count)]


def _servers(environment: Environment, host: Host, count: int) -> list[str]:
    listen = host.settings.listen
    if isinstance(listen, int):
        return [f"127.0.0.1:{listen + i}" for i in range(count)]
    layout = layout_for(environment, host)
    return [f"unix:{layout.socket(i)}" for i in range(count)]


def _values(environment: Environment, host: Host) -> dict[str, Any]:
    nginx = host.settings.nginx
    layout = layout_for(environment, host)
    site = site_name(environment.app, nginx)
    proto = f"$forwarded_proto_{site}" if nginx.trust_forwarded_proto else "$scheme"
    return {
        "environment": environment,
        "app": environment.app,
        "host": host,
        "vars": host.settings.vars,
        "nginx": nginx,
        "whole": True,
        "default_server": Verbatim(" default_server"),
        "site": Verbatim(site),
        "public": layout.public,
        "previous_public": _previous_public(layout),
        "previous_files": Verbatim(f"$uri $public_file_{site}" if nginx.files_path else "$uri"),
        "types": mime_types(nginx.mime_types),
        "rlimit_nofile": nginx.worker_rlimit_nofile or 2 * nginx.worker_connections,
        **access_log_values(environment, host, site),
        "try_files": _try_files(nginx, site),
        "files_pattern": Verbatim(re.escape(nginx.files_path or "")),
        "forwarded_for": _forwarded_for(nginx),
        "forwarded_proto": proto,
        "probed": probed(environment.app),
        **_tls_values(nginx.tls),
        **site_extras(nginx, layout, site, proto),
    }


def _previous_public(layout: Layout) -> str | None:
    """Where pages of the release before find their files; none where there are no releases."""
    return layout.previous_public if isinstance(layout, ReleasesLayout) else None


def _tls_values(tls: TlsSettings | None) -> dict[str, Any]:
    if tls is None:
        return {}
    port = tls.listen.rpartition(":")[2]
    return {
        "ciphers": CIPHERS,
        "hsts": f"max-age={tls.hsts_seconds}",
        "http2": Verbatim(" http2" if tls.http2 else ""),
        "redirect_port": Verbatim("" if port == "443" else f":{port}"),
    }


def _try_files(nginx: NginxSettings, site: str) -> Verbatim:
    usable = (item for item in nginx.try_files if nginx.files_path or item != "$public_file")
    own = (f"$public_file_{site}" if item == "$public_file" else item for item in usable)
    return Verbatim(" ".join(own))


def _forwarded_for(nginx: NginxSettings) -> str:
    return "$remote_addr" if nginx.forwarded_for == "client" else "$proxy_add_x_forwarded_for"
