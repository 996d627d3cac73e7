"""What the deploy benchmarks work on: an app with a cluster on every host, and a git remote each.

Every contestant has a repository and an app directory of its own on the same hosts.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.hosts import Fleet
from tests.lab import toolchain
from tests.lab.accounts import Account, deploy_account
from tests.transport import sshd

_APP = Path(__file__).with_name("app")
_FILE = "greeting.txt"
_NPMRC = "audit=false\nfund=false\nupdate-notifier=false\n"


@dataclass(frozen=True, slots=True)
class Site:
    """One contestant's repository and directories."""

    name: str
    fleet: Fleet
    remote: Fleet
    """The git host."""
    account: Account
    node: Path
    """Directory of node and npm."""

    @property
    def bare(self) -> Path:
        """The repository on the git host."""
        return self.remote.hosts[0].directory / f"{self.name}.git"

    @property
    def url(self) -> str:
        """As hosts and controller clone it."""
        return f"ssh://{self.remote.names(1)[0]}{self.bare}"

    @property
    def hosts(self) -> list[str]:
        """Their names in ssh_config."""
        return self.fleet.names(len(self.fleet.hosts))

    def path(self, host: sshd.Sshd) -> Path:
        """The app's directory on a host."""
        return host.directory / self.name

    def script(self, text: str) -> str:
        """A script for any of the hosts, whose HOME tells which it is."""
        return f"set -e\nexport PATH={self.node}:$PATH\ncd $HOME/../{self.name}\n{text}"

    def create(self) -> None:
        """The repository, with its first commit."""
        tree = self._tree
        shutil.copytree(_APP, tree, symlinks=True)
        self._git("init", "-q", "--bare", "--initial-branch=main", str(self.bare), at="/")
        for option in ("allowFilter", "allowAnySHA1InWant"):
            self._git("config", f"uploadpack.{option}", "true", at=str(self.bare))
        self.account.give_tree(tree)
        self._git("init", "-q", "--initial-branch=main")
        (tree / ".gitignore").write_text("node_modules\npids\nlog\n/.deploy\n")
        self.commit()

    def commit(self) -> None:
        """Push a new revision, in which one file changed."""
        file = self._tree / _FILE
        count = int(file.read_text()) if file.exists() else 0
        file.write_text(f"{count + 1}\n")
        self.account.give_tree(self._tree)
        self._git("add", "--all")
        self._git("commit", "-q", "-m", f"revision {count + 1}")
        self._git("push", "-q", str(self.bare), "HEAD:main")

    def verify(self) -> None:
        """Raises RuntimeError where a host has not the newest revision."""
        wanted = (self._tree / _FILE).read_text()
        behind = [h for h in self.fleet.hosts if (self.path(h) / _FILE).read_text() != wanted]
        if behind:
            raise RuntimeError(f"{self.name}: {len(behind)} hosts are not at revision {wanted}")

    def install(self) -> None:
        """What somebody did on every host by hand, once: clone, install, start the cluster."""
        first = f"git clone -q {self.url} $HOME/../{self.name}\n"
        start = (
            "npm ci\nmkdir -p pids log .deploy\n"
            "PORT=$PWD/.deploy/0.sock setsid ./node_modules/.bin/actionhero startCluster"
            " --workers=2 >log/out 2>&1 </dev/null &\n"
            "until grep -q equilibrium log/cluster.log; do sleep 0.1; done"
        )
        for host in self.hosts:
            command = ["ssh", "-F", str(self.fleet.config), host, first + self.script(start)]
            subprocess.run(command, check=True, capture_output=True, timeout=120)

    @property
    def _tree(self) -> Path:
        return self.remote.hosts[0].directory / f"{self.name}.tree"

    def _git(self, *words: str, at: str = "") -> str:
        who = {f"GIT_{one}_{what}": "bench@localhost" for one in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}  # fmt: skip
        home = str(self.remote.hosts[0].directory / "home")
        environment = {"PATH": os.environ["PATH"], "HOME": home, **who}
        return self.account.run("git", *words, env=environment, cwd=at or self._tree)


def write_inventory(site: Site, name: str, config: Path, count: int) -> Path:
    """An inventory of the first `count` hosts, reached by `config`; its directory."""
    hosts = site.fleet.hosts[:count]
    document: dict[str, Any] = {
        "app": {
            "name": "bench",
            "repository": site.url,
            "path": "/unused",
            "process_model": "startCluster",
        },
        "ssh": {"config": str(config)},
        "node_bin": str(site.node),
        "workers": 2,
        "roles": {"server": {}},
        "strategy": "in_place",
        "hosts": {
            name: {"address": name, "roles": ["server"], "path": str(site.path(host))}
            for name, host in zip(site.hosts, hosts, strict=False)
        },
    }
    directory = site.fleet.directory / "inventory"
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    return directory


@contextmanager
def sites(fleet: Fleet, remote: Fleet, names: list[str]) -> Iterator[dict[str, Site]]:
    """Every contestant's site; the clusters end with the block."""
    account = deploy_account()
    account.give(remote.directory / "id_ed25519")  # the hosts read the repository with it
    node = toolchain.provide(29, account).bin
    for host in fleet.hosts:
        _write_home(host, remote, account)
    made = {name: Site(name, fleet, remote, account, node) for name in names}
    try:
        for site in made.values():
            site.create()
        yield made
    finally:
        _end_processes(fleet.directory)


def _write_home(host: sshd.Sshd, remote: Fleet, account: Account) -> None:
    """ssh looks its files up in passwd's home, where all hosts are one: so it is told them."""
    home = host.directory / "home"
    ssh = f"ssh -F {shlex.quote(str(remote.config))}"
    (home / ".gitconfig").write_text(f"[core]\n\tsshCommand = {ssh}\n[safe]\n\tdirectory = *\n")
    (home / ".npmrc").write_text(_NPMRC)
    account.give_tree(home)


def _end_processes(directory: Path) -> None:
    """End what works below `directory`: the clusters."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(directory):
                os.kill(int(link.parent.name), signal.SIGKILL)
