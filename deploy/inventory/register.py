"""What an inventory says of the register: the redis in which a whole fleet takes one decision.

Most fleets need not say anything: it is the redis that their app uses.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.application import Model
from deploy.inventory.fields import HostName
from deploy.inventory.values import AbsolutePath, EnvironmentName, Line, Name, Port


class RegisterTls(Model):
    """TLS to redis and to its sentinels, beyond `tls: true`."""

    ca: AbsolutePath | None = None
    """Path on the hosts of the certificates to trust, PEM; else those that node knows."""
    servername: HostName | None = None
    """Name that the certificate is for, where it is not the host's."""
    reject_unauthorized: bool = True
    """False takes any certificate, and so anybody's word."""


class Sentinel(Model):
    """One sentinel."""

    host: HostName
    """Name or address of the sentinel, as the hosts reach it."""
    port: Port = 26379
    """TCP port of the sentinel."""


class Register(Model):
    """The redis in which all hosts decide together for the new release, or for the old one."""

    kind: Literal["auto", "redis", "off"] = "auto"
    """`auto` takes the app's redis if it is shared, `redis` insists on one, `off` does without."""
    host: HostName | None = None
    """Name or address of redis, as the hosts reach it; else what the app's environment says."""
    port: Port | None = None
    """TCP port of redis; else what the app's environment says, or 6379."""
    db: Annotated[int, Field(ge=0)] | None = None
    """Database of redis; else what the app's environment says, or 0."""
    username: Line | None = None
    """User of redis' ACL; else what REDIS_URL says."""
    password_env: EnvironmentName | None = None
    """Variable of `env` or `secrets` that holds the password; else as the app finds it."""
    tls: RegisterTls | bool | None = None
    """Speak TLS; else what REDIS_URL (`rediss:`) and REDIS_SSL say."""
    sentinels: tuple[Sentinel, ...] = ()
    """Sentinels, asked in this order for the primary, in place of `host` and `port`."""
    sentinel_name: Name = "mymaster"
    """Name under which the sentinels know the primary."""
    sentinel_password_env: EnvironmentName | None = None
    """Variable of `env` or `secrets` that holds the sentinels' own password."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Register:
        if self.sentinels and (self.host or self.port):
            raise ValueError("sentinels name the primary: leave out host and port")
        return self
