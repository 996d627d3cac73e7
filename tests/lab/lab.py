"""The loopback lab: hosts to deploy to, made of real parts, the same for demo, tests, benchmarks.

`up` makes it, `down` leaves nothing behind, from whichever process.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from deploy.errors import DeployError
from tests.lab import daemons, inventory, sshd, toolchain, topology
from tests.lab.accounts import deploy_account, nginx_account
from tests.lab.processes import Process, belonging, end, named, wait_until
from tests.lab.repository import Repository
from tests.lab.site import HTTP_PORT, ROLES, SSH_PORT, App, Site, Strategy
from tests.lab.state import Service, State
from tests.lab.web import Load, Response, request


class Lab:
    """One lab. Made without touching anything; `up` does."""

    def __init__(
        self,
        root: Path = Path("/tmp/ahlab"),
        app: App = 29,
        subnet: int = 8,
        strategy: Strategy = "in_place",
        topology: bool = False,
    ) -> None:
        self.site = Site(Path(root), app, subnet, strategy, topology)
        self.account = deploy_account()
        self.nginx_account = nginx_account()
        self.repository = Repository(self.site, self.account)
        self.state = State(self.site.state)

    @classmethod
    def at(cls, root: Path = Path("/tmp/ahlab")) -> Lab | None:
        """The lab that was brought up there, by whichever process; None when there is none."""
        site = State(Site(root=Path(root)).state).site()
        return cls(*astuple(site)) if site else None

    def up(self) -> None:
        """Make the lab and start it; nothing to do when it is up.

        Raises DeployError when an address is taken or a program missing.
        """
        if self._is_up():
            return
        self._clear()
        self._check_addresses()
        try:
            self._make()
        except BaseException:
            self._end()
            raise

    def down(self) -> None:
        """End every process of the lab, deployed apps included, and remove its directory.

        Raises RuntimeError that names what does not end.
        """
        if not self.state.exists():
            return
        self._end()
        subprocess.run(["rm", "-rf", self.site.root], check=True)  # Python takes seconds

    def status(self) -> dict[str, Process | None]:
        """Every daemon that `up` started, and its process where it lives; empty when down."""
        return {service.name: service.process for service in self.state.services()}

    def reset(self) -> None:
        """End what was deployed, and make every host bare again; daemons and git stay."""
        end(self._deployed)
        subprocess.run(["rm", "-rf", *map(self.site.app_path, ROLES)], check=True)
        daemons.ask_redis(self.site, "redis", "FLUSHALL")

    def restart_redis(self) -> None:
        """Another redis in the place of the first, which remembers nothing."""
        end(lambda: [process for process in [self.status()["redis"]] if process])
        pidfile = daemons.start_redis(self.site, "redis", self.account)
        self._started("redis", pidfile, (self.site.address("redis"), daemons.REDIS_PORT))

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a controller that deploys to this lab."""
        return {
            "DEPLOY_INVENTORY": str(self.site.inventory),
            "GIT_SSH_COMMAND": sshd.git_ssh(self.site),
        }

    def host_root(self, host: str) -> Path:
        """Everything of that host: its home, its app, its logs."""
        return self.site.directory(host)

    def app_path(self, host: str) -> Path:
        """The app's directory on that host."""
        return self.site.app_path(host)

    def commit(self, message: str, files: Mapping[str, str | None] | None = None) -> str:
        """Push a new revision in which `files` have that text (None: are gone); returns its sha.

        revision.txt gets the next number, unless `files` names it.
        """
        return self.repository.commit(message, files or {})

    def number(self, revision: str) -> str:
        """What the `revision` action answers where that commit is loaded."""
        return self.repository.number(revision)

    def sh(self, host: str, script: str, *, timeout: float = 120, check: bool = True) -> str:
        """Log in to a host and run a script there, in its home; returns its standard output.

        Node is in PATH. Raises RuntimeError that holds what it printed when it fails, unless
        `check` is off.
        """
        command = sshd.command(self.site, host, f"cd\n{script}")
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{host}: {script}: {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def get(self, host: str, path: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """A request through that host's nginx. Raises OSError when nothing answers."""
        return request(self.web_address(host), path, headers=headers)

    def load(self, host: str, path: str = "/api/revision", **options: Any) -> Load:
        """Clients in the background, for a `with` block; `options` are fields of Load."""
        return Load(self.web_address(host), path, **options)

    def processes(self, host: str) -> list[Process]:
        """What runs from that host's directories: the deployed app's processes, by pid."""
        return sorted(belonging(self.site.directory(host), {self.account.uid}))

    def web_address(self, host: str) -> tuple[str, int]:
        """Where that host's nginx listens."""
        return self.site.address(host), HTTP_PORT

    @property
    def _uids(self) -> set[int]:
        return {self.account.uid, self.nginx_account.uid}

    def _is_up(self) -> bool:
        """This very lab runs, whole."""
        services = self.state.services()
        whole = len(services) == len(self.site.listeners)
        return whole and self.state.site() == self.site and all(one.process for one in services)

    def _clear(self) -> None:
        """Take away what is left of an earlier lab in this directory."""
        root = self.site.root
        if self.state.exists():
            self.down()
        elif root.is_symlink() or (root.exists() and any(root.iterdir())):
            raise DeployError(
                f"{root} is there, and is no lab", hint="move it away, or give another root"
            )

    def _check_addresses(self) -> None:
        for address, port in self.site.listeners:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((address, port))
                except OSError as error:
                    raise DeployError(
                        f"{address}:{port} is taken: {error.strerror}",
                        hint="end what listens there, or bring the lab up with another subnet",
                    ) from error

    def _make(self) -> None:
        """Everything on disk first, then the daemons."""
        site, account = self.site, self.account
        tools = toolchain.provide(site.app, account)
        site.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        site.root.chmod(0o755)
        self.state.create(site)
        site.node.symlink_to(tools.directory)
        site.server_token.touch(mode=0o600)
        site.server_token.write_text(secrets.token_hex(16) + "\n")
        sshd.make_keys(site, account)
        sshd.write_client(site, account)
        configs = {host: sshd.write_host(site, host, account, tools) for host in site.machines}
        self.repository.create()
        if site.topology:
            topology.prepare(site, account, tools)
            inventory.write(site, topology.document(site, account.name))
        else:
            inventory.write(site)
        for host, config in configs.items():
            pidfile = sshd.start(site, host, config, account)
            self._started(f"sshd on {host}", pidfile, (site.address(host), SSH_PORT))
        if not site.topology:
            self._start_daemons()

    def _start_daemons(self) -> None:
        site = self.site
        for name in ("redis", "replica"):
            pidfile = daemons.start_redis(site, name, self.account)
            self._started(name, pidfile, (site.address(name), daemons.REDIS_PORT))
        for host, role in ROLES.items():
            if role == "server":
                pidfile = daemons.start_nginx(site, host, self.nginx_account)
                self._started(f"nginx on {host}", pidfile, self.web_address(host))
        daemons.wait_for_replica(site)

    def _started(self, name: str, pidfile: Path, address: tuple[str, int]) -> None:
        """Note who listens there once one does; its pidfile may name the one before for a while."""
        wait_until(lambda: _listens(address), f"{name} on {address[0]}:{address[1]}")
        found = partial(named, pidfile)
        wait_until(lambda: found() is not None, f"{name}, by its {pidfile}")
        if process := found():
            self.state.add(Service(name, process.pid, process.start))

    def _deployed(self) -> list[Process]:
        """All that runs, but for the daemons, nginx's workers and the hosts' inits."""
        daemon = {p.pid: p for p in self.status().values() if p}
        inits = {p.parent for p in daemon.values()}
        masters = {pid for pid, p in daemon.items() if p.command[0].startswith("nginx")}
        return [
            process
            for process in belonging(self.site.root, self._uids)
            if process.pid not in {*daemon, *inits} and process.parent not in masters
        ]

    def _end(self) -> None:
        def running() -> set[Process]:
            known = [p for service in self.state.services() if (p := service.process)]
            return belonging(self.site.root, self._uids, known)

        end(running)


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
