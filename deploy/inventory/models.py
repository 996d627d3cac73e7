"""What an inventory says, as frozen models: environment, app, role, host and their settings.

Layering (defaults < environment < role < host) is the loader's; here every value is effective.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from deploy.inventory.application import (
    App,
    Command,
    Dependencies,
    Health,
    Model,
    OnceCommand,
)
from deploy.inventory.auditing import Audit
from deploy.inventory.fields import Seconds, SecondsOrNone
from deploy.inventory.hooks import Hook, Hooks
from deploy.inventory.limits import Limits
from deploy.inventory.notification import Notification, SecretSource
from deploy.inventory.programs import File, Program
from deploy.inventory.register import Register, RegisterTls, Sentinel
from deploy.inventory.rollout import Freeze, Gate, Rollout
from deploy.inventory.settings import NginxSettings
from deploy.inventory.settings_actionhero import ActionheroSettings
from deploy.inventory.surroundings import Surroundings
from deploy.inventory.values import (
    AbsolutePath,
    AppPath,
    BinDirectory,
    CommandLine,
    EnvironmentName,
    Fallback,
    Gateway,
    Line,
    Name,
    Port,
    Target,
    Text,
    User,
)

__all__ = [
    "App",
    "Command",
    "Dependencies",
    "Environment",
    "File",
    "Freeze",
    "Gate",
    "Health",
    "Hook",
    "Hooks",
    "Host",
    "Model",
    "Notification",
    "OnceCommand",
    "Program",
    "Register",
    "RegisterTls",
    "Role",
    "Rollout",
    "SecretSource",
    "Sentinel",
    "Settings",
    "Ssh",
]


class Settings(Surroundings):
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
    """Directory of the unix sockets; else .deploy/sockets, or shared/sockets for `releases`."""
    node_bin: BinDirectory = ""
    """Directory that holds node and npm, put first in PATH."""
    supervisor: Literal["detached", "systemd-user", "systemd", "pm2"] = "detached"
    """Who starts and stops the processes; `systemd` needs what `invoke render-units` writes."""
    workers: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    """Workers of the cluster, or processes from version 22; `auto` is CPUs less one, at least 2."""
    cpus: Annotated[int, Field(gt=0)] | None = None
    """CPUs that `auto` counts with, where a machine has more now and then only; none: all."""
    worker_memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*[mg]$")] | None = None
    """What one worker holds, as 300m or 1g: `auto` is no more than 3/4 of the memory hold."""
    listen: Port | Literal["socket"] = "socket"
    """A TCP port, or `socket` for a unix socket that the layout names."""
    stop_timeout: Seconds = 60
    """Seconds between TERM and the report that a process did not stop."""
    drain: Seconds = 60
    """Seconds that requests to old code may take after a switch; what lasts is long-lived."""
    drain_websockets: SecondsOrNone = 0
    """Further seconds for long-lived connections (WebSockets) to old code; then they are cut."""
    warm: SecondsOrNone = 0
    """Seconds for which old web processes are kept after a switch, for a rollback at once."""
    overlap: bool = True
    """False stops old code before new code starts: for what must not run twice (own timers)."""
    fallback: Fallback = "refuse"
    """Without memory for old and new code at once: `refuse`, or `restart`: the old stops first."""
    drain_command: CommandLine | None = None
    """Run on the host before old code stops first, so that the balancer sends it nothing."""
    ready_command: CommandLine | None = None
    """Run on the host once its new (or its old) code answers again: the balancer may send."""
    front: Line | None = None
    """URL at which this host's nginx is asked; else made from `nginx.listen`. `off`: it is not."""
    env: dict[EnvironmentName, Text] = Field(default={})
    """Environment variables of the app's processes and commands; not for secrets."""
    secrets: dict[EnvironmentName, SecretSource] = Field(default={})
    """Environment variables whose values are secret."""
    actionhero: ActionheroSettings = ActionheroSettings.model_construct()
    """Values for the rendered ActionHero configuration."""
    nginx: NginxSettings = NginxSettings.model_construct()
    """Values for the rendered nginx.conf."""
    programs: dict[Name, Program] = Field(default={})
    """Programs whose files `invoke configure` installs; a built-in target needs `{}` only."""
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


class Environment(Model):
    """One environment, whole and effective."""

    name: str
    source: str
    """Path of the environment's YAML file."""
    app: App
    strategy: Literal["in_place", "releases"] = "releases"
    keep_releases: Annotated[int, Field(gt=0)] = 5
    """Releases that served well and are kept for a way back (strategy `releases`)."""
    protected: bool = False
    """Ask for the environment's name before anything changes."""
    freeze: tuple[Freeze, ...] = ()
    rollout: Rollout = Rollout.model_construct()
    decision: Register = Register.model_construct()
    hooks: Hooks = Hooks.model_construct()
    notify: tuple[Notification, ...] = ()
    ssh: Ssh = Ssh.model_construct()
    audit: Audit = Audit.model_construct()
    status: Limits = Limits.model_construct()
    roles: dict[str, Role]
    """Each with the environment's settings under its own."""
    hosts: dict[str, Host]
    """In the order of the file."""
    origins: dict[str, str] = Field(default={}, repr=False)
    """`file:line` of each value that was written, by key; a host's under `hosts.NAME.`."""
