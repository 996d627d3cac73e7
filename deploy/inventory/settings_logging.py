"""Knobs of the logs' way off the host: syslog-ng or rsyslog, and what logrotate does to the files.

docs/logging.md says why each default is what it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.fields import Count, HostName, Knobs, Port, SafePath, Seconds, Size
from deploy.inventory.values import EnvironmentName, User

Url = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~/-]*)?$")]
IndexName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Plain = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")]


class SplunkHec(Knobs):
    """Splunk's HTTP event collector."""

    url: Url
    """Its address, without a path: https://splunk.example.com:8088."""
    token_env: EnvironmentName = "SPLUNK_HEC_TOKEN"  # noqa: S105  # a name, no secret
    """Name under `secrets` of the collector's token."""
    index: Plain | None = None
    """Index; none: the token's own."""
    ca: SafePath | None = None
    """File of the certificates to trust, PEM; none: those of the system."""


class Elasticsearch(Knobs):
    """Elasticsearch, or OpenSearch, by its bulk interface."""

    urls: Annotated[tuple[Url, ...], Field(min_length=1)]
    """Addresses of its nodes, without a path: https://es1.example.com:9200."""
    index: IndexName | None = None
    """Index, to which the day is added; none: the app's name."""
    user: Plain | None = None
    """User for basic authentication."""
    password_env: EnvironmentName | None = None
    """Name under `secrets` of that user's password."""
    ca: SafePath | None = None
    """File of the certificates to trust, PEM; none: those of the system."""

    @model_validator(mode="after")
    def _has_both(self) -> Elasticsearch:
        if (self.user is None) != (self.password_env is None):
            raise ValueError("user and password_env go together")
        return self


class SumoLogic(Knobs):
    """An HTTP source of Sumo Logic."""

    url_env: EnvironmentName = "SUMO_LOGIC_URL"
    """Name under `secrets` of the source's address: it has the secret in it."""
    category: Plain | None = None
    """Source category; none: the app's name and the environment's."""
    ca: SafePath | None = None
    """File of the certificates to trust, PEM; none: those of the system."""


class SyslogServer(Knobs):
    """A syslog server that speaks TLS (RFC 5425)."""

    host: HostName
    """Name or address of the server; its certificate has to have it."""
    port: Port = 6514
    """TCP port."""
    ca: SafePath = "/etc/ssl/certs/ca-certificates.crt"
    """File of the certificates to trust, PEM."""


class Sources(Knobs):
    """Which files are read, and what is kept of them while the receiver is away."""

    files: tuple[SafePath, ...] = ()
    """Further files, beside those in the app's log directory and nginx's access log."""
    buffer_directory: SafePath | None = None
    """Existing directory for what was not sent yet; none: the program's own."""
    buffer_size: Size = "1g"
    """Bytes on disk for what was not sent yet; beyond them, files wait where they are."""
    retry: Seconds = 10
    """Seconds after which a receiver that was away is tried again."""


class SyslogNgSettings(Sources):
    """Values for syslog-ng; docs/logging.md says why each default is what it is."""

    splunk: SplunkHec | None = None
    """Send to Splunk."""
    elasticsearch: Elasticsearch | None = None
    """Send to Elasticsearch."""
    sumo_logic: SumoLogic | None = None
    """Send to Sumo Logic."""
    batch_lines: Count = 100
    """Most lines in one request."""
    batch_timeout: Count = 1000
    """Milliseconds that a line waits for others to go with it."""
    pid: SafePath = "/run/syslog-ng.pid"
    """Pidfile."""

    @model_validator(mode="after")
    def _fits_the_buffer(self) -> SyslogNgSettings:
        number = int(self.buffer_size.rstrip("kKmMgG"))
        scale = {"k": 10, "m": 20, "g": 30}.get(self.buffer_size[-1].lower(), 0)
        if number << scale < 1 << 20:
            raise ValueError("syslog-ng's smallest buffer_size is 1m")
        return self


class RsyslogSettings(Sources):
    """Values for rsyslog; docs/logging.md says why each default is what it is."""

    syslog: SyslogServer | None = None
    """Send to a syslog server over TLS; needs the package rsyslog-openssl."""
    elasticsearch: Elasticsearch | None = None
    """Send to Elasticsearch; needs the package rsyslog-elasticsearch."""


class LogrotateSettings(Knobs):
    """Values for logrotate; docs/logging.md says why each default is what it is."""

    frequency: Literal["hourly", "daily", "weekly"] = "daily"
    """How often; hourly only where logrotate is started every hour."""
    keep: Count = 14
    """Rotated files that are kept."""
    max_size: Size | None = "100m"
    """Rotate before its time what has grown beyond it, as often as logrotate is started."""
    compress: bool = True
    """Compress rotated files, the last one excepted."""
    user: User | None = None
    """Owner of the app's logs; none: `user`, that this tool logs in as."""
    group: User | None = None
    """Group of that user; none: it is called as the user is."""
    nginx: bool | Literal["auto"] = "auto"
    """Rotate nginx's logs; `auto`: where Debian's own rule for /var/log/nginx does not."""
    nginx_owner: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]* [a-z_][a-z0-9_-]*$")] = (
        "www-data adm"
    )
    """User and group of nginx's new files."""
