"""What a balancer's templates need besides its knobs: the hosts behind it, and how to ask them."""

from __future__ import annotations

from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_balancer import (
    BalancerSettings,
    HaproxySettings,
    NginxBalancerSettings,
)
from deploy.render.nginx import CIPHERS
from deploy.render.quoting import Verbatim
from deploy.render.spelling import haproxy_value


def haproxy_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/haproxy/ needs. Raises DeployError that names the host."""
    knobs = host.settings.haproxy
    stuck = "cookie" if knobs.sticky == "cookie" else ""
    servers = [
        {
            "name": Verbatim(one.name),
            "place": Verbatim(place_of(knobs, one)),
            "tls": Verbatim(_haproxy_tls(knobs, one)),
            "cookie": Verbatim(f" cookie {one.name}" if stuck else ""),
        }
        for one in backends(environment, host, knobs)
    ]
    limit = knobs.server_max_connections
    return {
        "servers": servers,
        "listen": _bind(knobs.listen),
        "listen_tls": _bind(knobs.tls.listen) if knobs.tls else "",
        "listen_stats": _bind(knobs.stats) if knobs.stats else "",
        "check_host": _check_host(environment, host, knobs),
        "server_limit": Verbatim(f" maxconn {limit}" if limit else ""),
        "ciphers": CIPHERS,
    }


def nginx_balancer_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/nginx_balancer/ needs. Raises DeployError that names the host."""
    knobs = host.settings.nginx_balancer
    behind = backends(environment, host, knobs)
    _check_drained(host, knobs, behind)
    tls = {_wants_tls(one) for one in behind}
    if len(tls) > 1:
        raise _fault(host, "some hosts behind the balancer want TLS and some do not: nginx cannot")
    servers = [
        {
            "place": Verbatim(place_of(knobs, one)),
            "state": Verbatim(" down" if one.name in knobs.drained else ""),
        }
        for one in behind
    ]
    return {
        "servers": servers,
        "scheme": Verbatim("https" if tls == {True} else "http"),
        "backend_name": _check_host(environment, host, knobs),
        "backend_ca": "/etc/ssl/certs/ca-certificates.crt"
        if knobs.backend_ca == "@system-ca"
        else knobs.backend_ca,
        "access_log": ("off",) if knobs.access_log == "off" else (knobs.access_log, "combined"),
        "websocket_path": behind[0].settings.nginx.websocket_path,
        "rlimit_nofile": 2 * knobs.max_connections,
        "ciphers": CIPHERS,
    }


def backends(environment: Environment, host: Host, knobs: BalancerSettings) -> list[Host]:
    """The hosts behind the balancer on `host`, in the inventory's order.

    Raises DeployError when there is none, or when `backends` names one that is not among them.
    """
    serving = [one for one in environment.hosts.values() if one.serves and one.name != host.name]
    behind = [one for one in serving if knobs.role is None or knobs.role in one.roles]
    if not behind:
        whose = f"of role {knobs.role!r} " if knobs.role else ""
        raise _fault(host, f"no host {whose}serves, so that nothing stands behind the balancer")
    if unknown := sorted(set(knobs.backends) - {one.name for one in behind}):
        raise _fault(host, f"backends names {unknown[0]!r}, which is no host behind the balancer")
    return behind


def place_of(knobs: BalancerSettings, backend: Host) -> str:
    """address:port at which the balancer reaches that host's nginx."""
    if backend.name in knobs.backends:
        return knobs.backends[backend.name]
    nginx = backend.settings.nginx
    listen = nginx.tls.listen if nginx.tls and nginx.tls.redirect else nginx.listen
    address, _, port = listen.rpartition(":")
    if address in ("", "*"):
        address = f"[{backend.address}]" if ":" in backend.address else backend.address
    return f"{address}:{port}"


def _wants_tls(backend: Host) -> bool:
    """Plain HTTP would only be redirected."""
    tls = backend.settings.nginx.tls
    return tls is not None and tls.redirect


def _haproxy_tls(knobs: HaproxySettings, backend: Host) -> str:
    if not _wants_tls(backend):
        return ""
    name = haproxy_value(_site_name(backend))
    trusted = haproxy_value(knobs.backend_ca)
    return (
        f" ssl verify required ca-file {trusted} sni str({name}) verifyhost {name} check-sni {name}"
    )


def _check_host(environment: Environment, host: Host, knobs: BalancerSettings) -> str:
    """The name that hosts are asked for."""
    return _site_name(backends(environment, host, knobs)[0])


def _site_name(backend: Host) -> str:
    name = backend.settings.nginx.server_name.split(" ")[0]
    return backend.address if name == "_" or "*" in name else name


def _bind(listen: str) -> str:
    return listen if ":" in listen else f"*:{listen}"


def _check_drained(host: Host, knobs: NginxBalancerSettings, behind: list[Host]) -> None:
    names = {one.name for one in behind}
    if unknown := sorted(set(knobs.drained) - names):
        raise _fault(host, f"drained names {unknown[0]!r}, which is no host behind the balancer")
    if names <= set(knobs.drained):
        raise _fault(host, "every host behind the balancer is drained")


def _fault(host: Host, message: str) -> DeployError:
    return DeployError(
        message,
        host=host.name,
        step="render",
        hint="mend it in the inventory; docs/haproxy.md tells which hosts stand behind a balancer",
        exit_code=ExitCode.USAGE,
    )
