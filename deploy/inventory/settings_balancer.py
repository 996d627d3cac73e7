"""Knobs of the balancers in front of the hosts that serve: haproxy, or nginx as one.

docs/haproxy.md says why each default is what it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.fields import Address, Count, Knobs, LogTarget, SafePath, Seconds, UrlPath
from deploy.inventory.values import Name, User

Place = Annotated[
    str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?):\d{1,5}$")
]
"""A name or an address, and a port."""


class BalancerTls(Knobs):
    """TLS ended by this balancer."""

    certificate: SafePath
    """Path on the balancer of the chain, PEM; for haproxy the private key is in the same file."""
    certificate_key: SafePath | None = None
    """Path on the balancer of the private key, PEM; nginx only."""
    listen: Address = "443"
    """Port, or address:port, for TLS."""
    redirect: bool = True
    """Answer plain HTTP with a redirect to HTTPS; False serves both."""
    hsts_seconds: Seconds | None = None
    """Tell browsers to use only HTTPS for so many seconds; they cannot be told back at once."""


class BalancerSettings(Knobs):
    """What every balancer has to know."""

    listen: Address = "80"
    """Port, or address:port, for plain HTTP."""
    tls: BalancerTls | None = None
    """TLS; without it the balancer speaks plain HTTP only."""
    role: Name | None = None
    """Role whose hosts stand behind it; else all hosts that serve."""
    backends: dict[Name, Place] = Field(default={})
    """address:port of a host, where it is not the host's address and the port of its nginx."""
    backend_ca: SafePath | Literal["@system-ca"] = "@system-ca"
    """Certificates that a backend's must be signed by, where its nginx wants TLS."""
    balance: Literal["roundrobin", "leastconn"] = "roundrobin"
    """Which host is next: in turn, or the one with the fewest connections (WebSockets)."""
    sticky: Literal["off", "source", "cookie"] = "off"
    """Keep a client on one host, by its address or (haproxy) a cookie; ActionHero needs neither."""
    max_connections: Count = 4096
    """Connections of clients at a time; what is above waits in the kernel's queue."""
    connect_timeout: Seconds = 5
    """Seconds to wait for a host to accept a connection."""
    client_timeout: Seconds = 60
    """Seconds without a byte from (or taken by) a client after which it is given up."""
    server_timeout: Seconds = 65
    """Seconds without a byte from a host after which the request fails; above nginx's own 60."""
    websocket_timeout: Seconds = 3600
    """Seconds without a byte after which a WebSocket is closed."""


class HaproxySettings(BalancerSettings):
    """Values for haproxy.cfg; docs/haproxy.md says why each default is what it is."""

    user: User | None = "haproxy"
    """User and group of haproxy's processes; none: whoever starts it."""
    chroot: SafePath | None = "/var/lib/haproxy"
    """Directory that haproxy locks itself into; needs to be started as root."""
    socket: SafePath = "/run/haproxy/admin.sock"
    """Runtime socket, at the level of an administrator, for user and group only."""
    state_file: SafePath = "/var/lib/haproxy/server-state"
    """Where a reload keeps which hosts are drained; without it they would come back by it."""
    log: LogTarget | Literal["stdout"] = "/dev/log"
    """Socket of a syslog, or `stdout`."""
    health_path: UrlPath | None = None
    """Path of the health check; else `app.health.path`."""
    check_interval: Seconds = 2
    """Seconds between two health checks of a host."""
    check_fall: Count = 3
    """Failed checks in a row that take a host out."""
    check_rise: Count = 2
    """Good checks in a row that let it in again."""
    server_max_connections: Count | None = None
    """Requests that one host gets at a time; what is above waits here, at most `queue_timeout`."""
    queue_timeout: Seconds = 10
    """Seconds that a request waits for a place at a host; then 503."""
    retries: Annotated[int, Field(ge=0)] = 3
    """Further attempts when a host does not take the connection; nothing was sent to it then."""
    stats: Address | None = None
    """Port, or address:port, of haproxy's status page; it has no password."""


class NginxBalancerSettings(BalancerSettings):
    """Values for nginx as a balancer; it runs on a host of its own, before other nginx."""

    user: User | None = None
    """User of the worker processes; needs nginx to be started as root."""
    pid: SafePath = "/run/nginx.pid"
    """Pidfile of nginx's master."""
    error_log: LogTarget = "/var/log/nginx/error.log"
    """A file, `stderr`, or `syslog:…`."""
    access_log: LogTarget | Literal["off"] = "/var/log/nginx/access.log"
    """A file, `syslog:…`, or `off`."""
    temp_path: SafePath | None = None
    """Existing directory for nginx's temporary files; else those compiled into nginx."""
    max_fails: Annotated[int, Field(ge=0)] = 3
    """Failed requests that take a host out for `fail_timeout`; 0: never."""
    fail_timeout: Seconds = 10
    """Seconds for which it stays out; nginx asks no health check, only its own requests tell."""
    drained: tuple[Name, ...] = ()
    """Hosts that get nothing; nginx has no runtime socket, so this takes a `configure`."""

    @model_validator(mode="after")
    def _fits_nginx(self) -> NginxBalancerSettings:
        if self.sticky == "cookie":
            raise ValueError("nginx's free edition knows no cookie; sticky: source, or haproxy")
        if self.tls and not self.tls.certificate_key:
            raise ValueError("nginx wants the private key as a file of its own: certificate_key")
        return self
