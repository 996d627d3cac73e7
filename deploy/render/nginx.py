"""nginx.conf for one host, from templates/nginx/ and the inventory.

What nginx connects to, and what it serves from disk, comes from the layout alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.layout import layout_for
from deploy.inventory.models import App, Environment, Host
from deploy.inventory.settings import NginxSettings, TlsSettings
from deploy.render.engine import render_template
from deploy.render.quoting import Verbatim, nginx_value

FIRST_WITHOUT_CLUSTER = 22
"""ActionHero's first major without a cluster: one process a socket (upstream pull 1404)."""

_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)

_TYPES = {
    "text/html": ("html", "htm"),
    "text/css": ("css",),
    "text/javascript": ("js", "mjs"),
    "text/plain": ("txt",),
    "text/csv": ("csv",),
    "text/markdown": ("md",),
    "text/xml": ("xml",),
    "application/json": ("json", "map"),
    "application/manifest+json": ("webmanifest",),
    "application/atom+xml": ("atom",),
    "application/rss+xml": ("rss",),
    "application/pdf": ("pdf",),
    "application/wasm": ("wasm",),
    "application/zip": ("zip",),
    "application/gzip": ("gz",),
    "font/woff": ("woff",),
    "font/woff2": ("woff2",),
    "font/ttf": ("ttf",),
    "font/otf": ("otf",),
    "image/svg+xml": ("svg",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/x-icon": ("ico",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg",),
    "video/mp4": ("mp4",),
    "video/webm": ("webm",),
}


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
    if not host.serves:
        return {}
    values = _values(environment, host, _upstreams(environment, host, major, workers))
    try:
        text = render_template("nginx/nginx.conf.j2", values, nginx_value, project)
    except DeployError as error:
        error.host = host.name
        raise
    return {"nginx.conf": text}


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


def _servers(environment: Environment, host: Host, count: int) -> list[str]:
    listen = host.settings.listen
    if isinstance(listen, int):
        return [f"127.0.0.1:{listen + i}" for i in range(count)]
    layout = layout_for(environment, host)
    return [f"unix:{layout.socket(i)}" for i in range(count)]


def _values(environment: Environment, host: Host, upstreams: list[str]) -> dict[str, Any]:
    nginx = host.settings.nginx
    return {
        "environment": environment,
        "app": environment.app,
        "host": host,
        "vars": host.settings.vars,
        "nginx": nginx,
        "public": layout_for(environment, host).public,
        "upstreams": upstreams,
        "types": _types(nginx.mime_types),
        "rlimit_nofile": nginx.worker_rlimit_nofile or 2 * nginx.worker_connections,
        "access_log": _access_log(nginx),
        "try_files": _try_files(nginx),
        "files_pattern": Verbatim(re.escape(nginx.files_path or "")),
        "forwarded_for": _forwarded_for(nginx),
        "forwarded_proto": "$forwarded_proto" if nginx.trust_forwarded_proto else "$scheme",
        **_tls_values(nginx.tls),
    }


def _tls_values(tls: TlsSettings | None) -> dict[str, Any]:
    if tls is None:
        return {}
    port = tls.listen.rpartition(":")[2]
    return {
        "ciphers": _CIPHERS,
        "hsts": f"max-age={tls.hsts_seconds}",
        "http2": Verbatim(" http2" if tls.http2 else ""),
        "redirect_port": Verbatim("" if port == "443" else f":{port}"),
    }


def _access_log(nginx: NginxSettings) -> tuple[str, ...]:
    return ("off",) if nginx.access_log == "off" else (nginx.access_log, "main")


def _try_files(nginx: NginxSettings) -> Verbatim:
    usable = (item for item in nginx.try_files if nginx.files_path or item != "$public_file")
    return Verbatim(" ".join(usable))


def _forwarded_for(nginx: NginxSettings) -> str:
    return "$remote_addr" if nginx.forwarded_for == "client" else "$proxy_add_x_forwarded_for"


def _types(further: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """MIME type to extensions; a type given in the inventory wins over the usual one."""
    types = {
        name: tuple(e for e in extensions if e not in further)
        for name, extensions in _TYPES.items()
    }
    for extension, name in further.items():
        types[name] = (*types.get(name, ()), extension)
    return {name: extensions for name, extensions in types.items() if extensions}
