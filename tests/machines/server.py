"""A machine to deploy to: the lab's app, git and redis on one host with a systemd of its own.

The controller is this machine; it knows the other by its end of a cable.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.deploys.harness import Running, Said
from tests.deploys.zygote import Spawned
from tests.lab import inventory, sshd, toolchain
from tests.lab.accounts import Account, deploy_account, program
from tests.lab.machines import Link, Machine
from tests.lab.processes import wait_until
from tests.lab.repository import Repository
from tests.lab.site import GIT, REDIS_PORT, SSH_PORT, Site
from tests.lab.toolchain import Toolchain

HOST = "web1"
APP = "/srv/it's 100% a-chat"
"""Where the app is deployed: each of these characters means something to a shell or to systemd."""
TOKEN = b'it\'s "$(secret)" \\ `of`\tmany\r\nlines'
"""A secret for which the same is true."""
_SSHD = """\
Port {port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
StrictModes no
UsePAM yes
PasswordAuthentication no
PrintMotd no
UseDNS no
AcceptEnv GIT_PROTOCOL
"""
_REDIS = """\
[Unit]
Before=systemd-user-sessions.service
[Service]
User={user}
ExecStart={program} --bind 127.0.0.1 --port {port} --save "" --dir /tmp
"""
_NPM = """\
cache={toolchain.cache}
registry={toolchain.registry}
offline=true
audit=false
fund=false
update-notifier=false
"""


@dataclass(frozen=True, slots=True)
class OneMachine(Site):
    """The places of a lab whose every name is the one machine."""

    def address(self, name: str) -> str:  # noqa: ARG002
        """The machine's, whatever is asked for."""
        return Link(self.subnet).inside


@dataclass(slots=True)
class Server:
    """The machine and what a controller needs to deploy to it."""

    site: OneMachine
    change: Callable[[dict[str, Any]], None] = lambda _: None
    """Edits every inventory, given as plain data."""
    machine: Machine = field(init=False)
    account: Account = field(init=False)
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        services = ("dbus", "systemd-logind", "systemd-user-sessions", "ssh", "redis-lab")
        names = [f"{name}.service" for name in services]
        self.machine = Machine(self.site.root / "machine", self.site.subnet, names)
        self.account = deploy_account()
        self.repository = Repository(self.site, self.account)

    def up(self) -> None:
        """Make keys, repository and inventory, and boot."""
        site = self.site
        tools = toolchain.provide(site.app, self.account)
        site.inventory.mkdir(parents=True)
        site.node.symlink_to(tools.directory)
        site.server_token.write_bytes(TOKEN + b"\n")
        self._make_keys()
        self.repository.create()
        self._write_machine(tools)
        self.write_inventory()
        self.machine.up(shared=(site.keys, site.directory(GIT), site.directory(HOST)))
        self._await_login()

    def write_inventory(self, **settings: Any) -> None:
        """The inventory: one host, kept by its own systemd; `settings` lie over that."""
        wanted = inventory.document(self.site)
        wanted["app"]["path"] = APP
        wanted["node_bin"] = str((self.site.node / "bin").resolve())
        wanted["env"]["REDIS_HOST"] = "127.0.0.1"
        wanted["hosts"] = {HOST: {"address": HOST, "roles": ["server"]}}
        wanted |= {"supervisor": "systemd-user"}
        self.change(wanted)
        wanted |= settings
        (self.site.inventory / "lab.yml").write_text(yaml.safe_dump(wanted))

    def invoke(self, task: str, *flags: str) -> Said:
        """Run a task of the tool against the machine."""
        return Running(self.start(task, *flags)).finish()

    def start(self, task: str, *flags: str) -> Spawned:
        """Start a task of the tool against the machine."""
        environment = os.environ | {
            "DEPLOY_INVENTORY": str(self.site.inventory),
            "DEPLOY_RUNS": str(self.site.root / "runs"),
            "GIT_SSH_COMMAND": sshd.git_ssh(self.site),
        }
        return Spawned((task, "--env", "lab", *flags), environment)

    def succeed(self, task: str, *flags: str) -> str:
        """The same, when it has to end with 0; returns what it printed."""
        done = self.invoke(task, *flags)
        assert done.code == 0, done.text
        return done.text

    def sh(self, script: str) -> str:
        """Log in, run a script in the app, log out. Raises CalledProcessError."""
        runtime = f"/run/user/{self.account.uid}"
        whole = f'export XDG_RUNTIME_DIR={runtime}; cd "{APP}" 2>/dev/null || :\n{script}'
        command = sshd.command(self.site, HOST, whole)
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def revision(self, process: int = 0) -> str:
        """The revision that a process says it runs."""
        live = "shared/sockets/live" if self.is_released else ".deploy/sockets"
        path = f"{APP}/{live}/{process}.sock"
        answer = self.sh(f'curl -sS --unix-socket "{path}" http://localhost/api/revision')
        return str(json.loads(answer)["revision"])

    @property
    def is_released(self) -> bool:
        """The app is deployed by releases."""
        return self.site.strategy == "releases"

    def mains(self) -> dict[str, int]:
        """The main process of each of the app's units that run, by index."""
        units = "systemctl --user list-units --state=running --plain --no-legend 'actionhero-*'"
        found = {}
        for line in self.sh(units).splitlines():
            unit = line.split()[0]
            main = self.sh(f"systemctl --user show --property=MainPID --value '{unit}'")
            found[unit.rpartition("@")[2].removesuffix(".service")] = int(main)
        return found

    def pidfile(self, name: str = "cluster_pidfile") -> int:
        """The process that a pidfile names."""
        return int(self.sh(f"cat pids/{name}"))

    def await_health(self) -> None:
        """Until `invoke status` finds nothing against it."""
        wait_until(lambda: self.invoke("status").code == 0, "a sound status", 60)

    def down(self) -> None:
        """Power off, and leave nothing."""
        self.machine.down()
        shutil.rmtree(self.site.root, ignore_errors=True)

    def reboot(self) -> None:
        """In order; until one can log in again."""
        self.machine.reboot()
        self._await_login()

    def cut_power(self) -> None:
        """Off and on again; until one can log in again."""
        self.machine.cut_power()
        self._await_login()

    def _make_keys(self) -> None:
        site = self.site
        site.root.chmod(0o755)
        sshd.make_keys(site, self.account)
        sshd.write_client(site, self.account)
        kind, key, *_ = (site.directory(HOST) / "host_key.pub").read_text().split()
        known = f"[{site.address(HOST)}]:{SSH_PORT} {kind} {key}\n"
        (site.keys / "known_hosts").write_text(known)
        allowed = "".join((site.keys / f"{name}.pub").read_text() for name in ("login", "deploy"))
        (site.directory(HOST) / "authorized_keys").write_text(allowed)

    def _write_machine(self, tools: Toolchain) -> None:
        site, write, home = self.site, self.machine.write, self.account.home
        config = _SSHD.format(port=SSH_PORT, directory=site.directory(HOST))
        write("/etc/ssh/sshd_config", config)
        redis = _REDIS.format(
            user=self.account.name, program=program("redis-server"), port=REDIS_PORT
        )
        write("/etc/systemd/system/redis-lab.service", redis)
        write(f"/var/lib/systemd/linger/{self.account.name}", "")
        write(f"{home}/.npmrc", _NPM.format(toolchain=tools), self.account)
        client = sshd._client(site, GIT, self.account.name, site.keys / "deploy")
        write(f"{home}/.ssh/config", client, self.account, 0o600)
        write("/srv/.keep", "", self.account)

    def _await_login(self) -> None:
        """Until sshd answers, and logins are allowed (pam_nologin(8))."""
        address = (self.site.address(HOST), SSH_PORT)
        wait_until(lambda: _greets(address), "sshd")
        wait_until(self._logs_in, "a login")

    def _logs_in(self) -> bool:
        command = sshd.command(self.site, HOST, "true")
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _greets(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=1) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False
