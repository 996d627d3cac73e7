"""Where everything of a lab is: hosts, addresses, ports and paths, derived from three values.

Nothing here touches the machine; the inventory and every configuration file come from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Strategy = Literal["in_place", "releases"]
App = Literal[14, 18, 29]
"""Major version of the ActionHero that the lab's app runs on."""

SSH_PORT = 12022
HTTP_PORT = 18080
REDIS_PORT = 16379
WORKERS = 2

ROLES = {"web1": "server", "web2": "server", "jobs1": "worker"}
"""The hosts to deploy to, in the inventory's order, and their roles."""

GIT = "git"
MACHINES = (*ROLES, GIT)
"""What runs an sshd in every lab."""

AROUND = ("lb1", "redis1", "redis2", "cache1")
"""Further hosts of a whole topology, which run no app."""

_NUMBERS = {"web1": 1, "web2": 2, "jobs1": 3, GIT: 4, "redis": 6, "replica": 7}
_NUMBERS |= {name: number for number, name in enumerate(AROUND, 8)}


@dataclass(frozen=True, slots=True)
class Site:
    """One lab's places. Two labs with different `root` and `subnet` share nothing."""

    root: Path = Path("/tmp/ahlab")
    """Short: a unix socket below it has at most 100 bytes."""
    app: App = 29
    subnet: int = 8
    """The lab's addresses are 127.0.SUBNET.x."""
    strategy: Strategy = "in_place"
    topology: bool = False
    """Balancer, redis and sentinels are hosts, too; `invoke configure` starts what runs there."""

    @property
    def machines(self) -> tuple[str, ...]:
        """Everything that runs an sshd."""
        return (*MACHINES, *AROUND) if self.topology else MACHINES

    def address(self, name: str) -> str:
        """The loopback address of a host, of `git`, `redis` or `replica`."""
        return f"127.0.{self.subnet}.{_NUMBERS[name]}"

    def directory(self, name: str) -> Path:
        """Everything of that host or service."""
        return self.root / name

    def home(self, name: str) -> Path:
        """The home directory that a login on that host is told."""
        return self.directory(name) / "home"

    def app_path(self, host: str) -> Path:
        """The app's directory on a host."""
        return self.directory(host) / "app"

    def nginx(self, host: str) -> Path:
        """nginx's own files on a host: the only place that its user may write to."""
        return self.directory(host) / "nginx"

    @property
    def bare(self) -> Path:
        """The bare repository on the git host."""
        return self.directory(GIT) / "app.git"

    @property
    def repository(self) -> str:
        """The repository's URL, by the name that ssh_config gives the git host."""
        return f"ssh://{GIT}{self.bare}"

    @property
    def ssh_config(self) -> Path:
        """The controller's OpenSSH client configuration."""
        return self.root / "ssh_config"

    @property
    def keys(self) -> Path:
        """Host keys' known_hosts, the login key and the deploy key."""
        return self.root / "keys"

    @property
    def node(self) -> Path:
        """A link to the toolchain, so that the inventory is the same on every machine."""
        return self.root / "node"

    @property
    def server_token(self) -> Path:
        """The file that holds the app's secret."""
        return self.root / "server_token"

    @property
    def inventory(self) -> Path:
        """The directory of lab.yml and defaults.yml, for DEPLOY_INVENTORY."""
        return self.root / "inventory"

    @property
    def state(self) -> Path:
        """What a later process needs to end this lab."""
        return self.root / "lab.json"

    @property
    def listeners(self) -> list[tuple[str, int]]:
        """Every address and port that the lab listens on."""
        logins = [(self.address(name), SSH_PORT) for name in self.machines]
        if self.topology:
            return logins
        return [
            *logins,
            *((self.address(name), HTTP_PORT) for name in ROLES if ROLES[name] == "server"),
            *((self.address(name), REDIS_PORT) for name in ("redis", "replica")),
        ]
