"""Knobs of nginx.conf; docs/nginx.md says why each default is what it is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.fields import (
    Address,
    Count,
    Knobs,
    LogTarget,
    MimeType,
    Network,
    SafePath,
    Seconds,
    Size,
    UrlPath,
)
from deploy.inventory.settings_site import SiteSettings

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Variable = Annotated[str, Field(pattern=r"^\$[a-z_][a-z0-9_]*$")]


class GzipSettings(Knobs):
    """Compression of answers; pictures and archives are compressed already."""

    enabled: bool = True
    """False sends everything as it is."""
    level: Annotated[int, Field(ge=1, le=9)] = 5
    """1 is fastest, 9 smallest; beyond 5 a few percent of bytes cost twice the CPU."""
    http_version: Literal["1.0", "1.1"] = "1.0"
    """Oldest HTTP version that gets compressed answers; nginx as a balancer asks in 1.0."""
    proxied: Literal["off", "any", "expired", "no-cache", "no-store", "private", "auth"] = "any"
    """Which answers to requests that came through a proxy are compressed."""
    min_length: Annotated[int, Field(ge=0)] = 1024
    """Bytes below which an answer is sent as it is: it fits into one packet anyway."""
    types: tuple[MimeType, ...] = (
        "text/plain",
        "text/css",
        "text/csv",
        "text/xml",
        "text/javascript",
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/xml",
        "application/atom+xml",
        "application/wasm",
        "font/ttf",
        "font/otf",
        "image/svg+xml",
    )
    """MIME types to compress; text/html always is."""


class TlsSettings(Knobs):
    """TLS ended by this nginx."""

    certificate: SafePath
    """Path on the host of the certificate with its chain, PEM."""
    certificate_key: SafePath
    """Path on the host of the private key, PEM, readable by nginx's master only."""
    listen: Address = "443"
    """Port, or address:port, for TLS."""
    redirect: bool = True
    """Answer plain HTTP with a redirect to HTTPS; False serves both."""
    hsts_seconds: Seconds | None = None
    """Tell browsers to use only HTTPS for so many seconds; they cannot be told back at once."""
    http2: bool = True
    """Offer HTTP/2; WebSockets keep to HTTP/1.1."""


class NginxSettings(SiteSettings):
    """Values for nginx.conf, or the file of `nginx_site`; docs/nginx.md has the reasons."""

    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$")] | None = None
    """User of the worker processes; needs nginx to be started as root."""
    worker_processes: Count | Literal["auto"] = "auto"
    """nginx's own worker processes; `auto` is one a CPU."""
    worker_connections: Count = 1024
    """Connections a worker, to clients and to the app together."""
    worker_rlimit_nofile: Count | None = None
    """Open files a worker; else twice worker_connections."""
    accept_mutex: bool = False
    """Let one worker at a time accept; only for kernels without EPOLLEXCLUSIVE (before 4.5)."""
    pid: SafePath = "/run/nginx.pid"
    """Pidfile of nginx's master."""
    error_log: LogTarget = "/var/log/nginx/error.log"
    """A file, `stderr`, or `syslog:…`."""
    error_log_level: Literal["debug", "info", "notice", "warn", "error", "crit"] = "warn"
    """Least severe message that is logged."""
    access_log: LogTarget | Literal["off"] = "/var/log/nginx/access.log"
    """A file, `syslog:…`, or `off`."""
    log_format: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f'\\]+$")] = (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
        ' "$http_referer" "$http_user_agent" "$http_x_forwarded_for" time=$request_time'
        " upstream=$upstream_addr upstream_status=$upstream_status"
        " upstream_time=$upstream_response_time id=$forwarded_request_id"
    )
    """One line of the access log, in nginx's variables; times are seconds.

    The gate reads the status behind the first text in quotes, which is the request; and, outside of
    quotes, time= and upstream=: without them nothing is slow, and the old release's help no error.
    `invoke report` reads the time in brackets before the first quote, too.
    """
    access_log_json: LogTarget | None = None
    """A second access log for programs, a JSON object a line: a file, or `syslog:…`."""
    access_log_fields: dict[FieldName, Variable] = Field(default={})
    """Further fields of that line and the variable of nginx in each (`$upstream_http_x_build`)."""
    temp_path: SafePath | None = None
    """Existing directory for nginx's temporary files; else those compiled into nginx."""
    mime_types: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")], MimeType] = Field(default={})
    """File extension to MIME type, over and above the usual ones."""
    default_type: MimeType = "application/octet-stream"
    """MIME type of a file with an unknown extension."""
    server_tokens: bool = False
    """Tell clients nginx's version."""
    sendfile: bool = True
    """Let the kernel send files; False on some network file systems."""
    keepalive_timeout: Seconds = 65
    """Seconds that a client's idle connection stays open."""
    real_ip_from: tuple[Network, ...] = ()
    """Balancers whose word on the client's address is taken: addresses, ranges, or `unix:`."""
    real_ip_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] = "X-Forwarded-For"
    """Header in which those balancers name the client."""
    trust_forwarded_proto: bool = False
    """Behind a balancer that ends TLS: take X-Forwarded-Proto from `real_ip_from` addresses."""
    forwarded_for: Literal["client", "append"] = "client"
    """X-Forwarded-For for the app: the client's address alone, or appended to what came in."""
    gzip: GzipSettings = GzipSettings.model_construct()
    """Compression of answers."""
    listen: Address = "80"
    """Port, or address:port, for plain HTTP."""
    server_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.*-]+( [A-Za-z0-9_.*-]+)*$")] = "_"
    """Names of the site, separated by spaces."""
    tls: TlsSettings | None = None
    """TLS; without it nginx speaks plain HTTP only."""
    try_files: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_./$-]+$")], ...] = (
        "$uri",
        "$uri/index.html",
        "$uri.html",
        "/cache$uri",
        "/cache$uri/index.html",
        "/cache$uri.html",
        "$public_file",
    )
    """Where below the app's public/ a static file is looked for before the app is asked."""
    files_path: UrlPath | None = "/public"
    """URL path under which ActionHero itself serves public/ (`$public_file` above)."""
    client_max_body_size: Size = "50m"
    """Largest request body, in bytes, or with k, m or g."""
    client_timeout: Seconds = 60
    """Seconds without a byte from (or taken by) a client after which it is given up."""
    websocket_path: UrlPath | None = "/primus"
    """URL path of ActionHero's WebSockets."""
    websocket_timeout: Seconds = 3600
    """Seconds without a byte after which a WebSocket is closed."""
    proxy_buffering: bool = True
    """Take the app's answer at once, however slow the client; False streams it."""
    proxy_connect_timeout: Seconds = 5
    """Seconds to wait for the app to accept a connection."""
    proxy_timeout: Seconds = 60
    """Seconds without a byte from the app after which the request fails."""
    retry_timeout: Seconds = 30
    """Seconds after which a repeatable request is no longer given to another worker."""
    spare_upstreams: Annotated[int, Field(ge=0)] = 2
    """Upstream entries above the number of workers, for repeatable requests that were cut."""

    @model_validator(mode="after")
    def _trust_needs_addresses(self) -> NginxSettings:
        if self.trust_forwarded_proto and not self.real_ip_from:
            raise ValueError("trust_forwarded_proto needs the balancer's addresses: real_ip_from")
        if self.cache and not self.proxy_buffering:
            raise ValueError("cache needs proxy_buffering: nginx keeps only what it buffers")
        return self
