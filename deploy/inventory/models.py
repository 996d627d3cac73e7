"""What an inventory says, as frozen models: environment, app, role, host and their settings.

Layering (defaults < environment < role < host) is the loader's; here every value is effective.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from deploy.inventory.application import (
    App,
    Command,
    Dependencies,
    Health,
    Model,
    OnceCommand,
)
from deploy.inventory.settings import ActionheroSettings, NginxSettings
from deploy.inventory.values import (
    AbsolutePath,
    AppPath,
    BatchSize,
    BinDirectory,
    CommandLine,
    EnvironmentName,
    Gateway,
    Line,
    Moment,
    Name,
    Port,
    Seconds,
    Target,
    Text,
    User,
    parse_moment,
)

__all__ = [
    "App",
    "Command",
    "Dependencies",
    "Environment",
    "Freeze",
    "Health",
    "Host",
    "Model",
    "OnceCommand",
    "Role",
    "Rollout",
    "SecretSource",
    "Settings",
    "Ssh",
]


class SecretSource(Model):
    """Where a secret is read from, late, on the controller; exactly one of the three."""

    env: EnvironmentName | None = None
    """Name of an environment variable of the controller."""
    file: Line | None = None
    """Path of a file; its last newline is dropped."""
    command: CommandLine | None = None
    """Command whose standard output is the secret (`pass show chat/token`)."""

    @model_validator(mode="after")
    def _has_one_source(self) -> SecretSource:
        if len([one for one in (self.env, self.file, self.command) if one is not None]) != 1:
            raise ValueError("a secret has exactly one source: env, file or command")
        return self

    def __str__(self) -> str:
        """Where the secret comes from; never what it is."""
        if self.env is not None:
            return f"variable {self.env}"
        return f"file {self.file}" if self.file is not None else f"command {self.command}"


class Settings(Model):
    """What may be set for an environment, a role or a host; the narrowest wins."""

    user: User | None = None
    """User to log in as; else what ~/.ssh/config says, else the local user."""
    port: Port | None = None
    """SSH port; else what ~/.ssh/config says, else 22."""
    gateway: Gateway | None = None
    """Jump host, `[user@]host[:port]`."""
    transport: Literal["ssh", "local"] = "ssh"
    """`local` runs on this machine, without SSH."""
    path: AppPath | None = None
    """Directory of the app, where it is not `app.path`."""
    sockets_dir: AbsolutePath | None = None
    """Directory of the unix sockets; else .deploy/sockets in the app's directory."""
    node_bin: BinDirectory = ""
    """Directory that holds node and npm, put first in PATH."""
    supervisor: Literal["detached", "systemd-user"] = "detached"
    """Who starts and stops the processes."""
    workers: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    """Workers of the cluster, or processes from version 22; `auto` is CPUs less one, at least 2."""
    listen: Port | Literal["socket"] = "socket"
    """A TCP port, or `socket` for a unix socket that the layout names."""
    stop_timeout: Seconds = 60
    """Seconds between TERM and the report that a process did not stop."""
    env: dict[EnvironmentName, Text] = Field(default={})
    """Environment variables of the app's processes and commands; not for secrets."""
    secrets: dict[EnvironmentName, SecretSource] = Field(default={})
    """Environment variables whose values are secret."""
    actionhero: ActionheroSettings = ActionheroSettings.model_construct()
    """Values for the rendered ActionHero configuration."""
    nginx: NginxSettings = NginxSettings.model_construct()
    """Values for the rendered nginx.conf."""
    vars: dict[str, Any] = Field(default={})
    """Values of your own, for your own templates."""


class Role(Settings):
    """A kind of host; a role's settings lie over the environment's."""

    runs_app: bool = True
    """False for a role whose hosts run no ActionHero process."""
    serves: bool = True
    """True where nginx and the web server stand in front; False for task workers."""


class Host(Model):
    """One machine, with its effective settings."""

    name: Name
    """The key in the inventory; also what `--limit` takes."""
    address: Target
    """Name or address that SSH connects to."""
    roles: tuple[str, ...]
    """Roles in the order given; a later one's settings win."""
    app_role: str | None = None
    """The one role that runs the app; none on a host that runs no ActionHero process."""
    runs_app: bool
    """True where one of the roles runs the app."""
    serves: bool
    """True where nginx stands in front: as the role that runs the app says, else as any does."""
    settings: Settings
    """Defaults, environment, roles and the host's own values, merged."""

    @property
    def role(self) -> str:
        """The role that the app's processes are told in ACTIONHERO_ROLE."""
        return self.app_role or self.roles[0]


class Ssh(Model):
    """How this environment's hosts are reached."""

    config: Line = "~/.ssh/config"
    """OpenSSH client configuration to honour; relative to the inventory file."""
    known_hosts: tuple[Line, ...] = ()
    """Further known_hosts files; what the configuration names is read anyway."""
    connect_timeout: Seconds = 10
    """Seconds to wait for a connection, and for each stage of logging in."""
    keepalive: Seconds = 15
    """Seconds between keepalives."""
    max_connects: Annotated[int, Field(gt=0)] = 16
    """Connections that are being opened at the same time; firewalls ban more."""
    forward_agent: bool = False
    """Forward the SSH agent, so that the host can read the repository with your key."""


class Freeze(Model):
    """A span of time in which nobody deploys without `--force`."""

    start: Moment
    """ISO 8601 time with zone, the first moment of the freeze."""
    end: Moment
    """ISO 8601 time with zone, the first moment after it."""
    reason: Line
    """What a person who tries to deploy is told."""

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Freeze:
        if parse_moment(self.start) >= parse_moment(self.end):
            raise ValueError("a freeze ends after it starts")
        return self

    def covers(self, now: datetime) -> bool:
        """True when `now` (with a zone) is in the span."""
        return parse_moment(self.start) <= now < parse_moment(self.end)


class Rollout(Model):
    """In which order hosts go."""

    batches: Annotated[tuple[BatchSize, ...], Field(min_length=1)] = (1, "100%")
    """Sizes of the batches: numbers, or percentages of all hosts; the last repeats."""
    pause: Annotated[int, Field(ge=0)] = 0
    """Seconds to wait between two batches."""


class Environment(Model):
    """One environment, whole and effective."""

    name: str
    source: str
    """Path of the environment's YAML file."""
    app: App
    strategy: Literal["in_place"] = "in_place"
    protected: bool = False
    """Ask for the environment's name before anything changes."""
    freeze: tuple[Freeze, ...] = ()
    rollout: Rollout = Rollout.model_construct()
    ssh: Ssh = Ssh.model_construct()
    roles: dict[str, Role]
    """Each with the environment's settings under its own."""
    hosts: dict[str, Host]
    """In the order of the file."""
    origins: dict[str, str] = Field(default={}, repr=False)
    """`file:line` of each value that was written, by key; a host's under `hosts.NAME.`."""
