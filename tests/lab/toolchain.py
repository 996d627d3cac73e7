"""Node and npm of each era, and the packages of the lab's apps, fetched once into a cache.

A toolchain is a directory as `npm install --global --prefix` makes it: its `bin` goes into PATH.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.accounts import Account, program

APPS = Path(__file__).with_name("apps")
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True, slots=True)
class Versions:
    """Node, and the npm of its time: today's npm does not run on the Node of 2017."""

    node: str
    npm: str


VERSIONS = {
    14: Versions("8.17.0", "6.14.18"),
    18: Versions("12.22.12", "6.14.18"),
    29: Versions("20.20.2", "10.9.4"),
}


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a host needs to install and run an app."""

    directory: Path
    cache: Path
    """npm's cache, shared by all hosts and labs; the deploy user writes to it."""
    registry: str
    """As npm is configured here: it is part of the cache's keys."""

    @property
    def bin(self) -> Path:
        """The directory that holds node, npm and npx."""
        return self.directory / "bin"


def provide(app: int, account: Account) -> Toolchain:
    """The toolchain of an app, its packages in the cache; from the network the first time only."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "lock"):
        packages = account.own(cache / "npm")
        registry = _registry(cache)
        directory = _install(cache, VERSIONS[app])
        toolchain = Toolchain(directory, packages, registry)
        _warm(app, toolchain, account)
    return toolchain


def install_node(app: int) -> Path:
    """The same, for one who holds the cache's lock."""
    return _install(cache_directory(), VERSIONS[app]) / "bin"


def provide_node(app: int) -> Path:
    """The directory of the node that an app runs on, without the app's packages."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / "lock"):
        return _install(cache, VERSIONS[app]) / "bin"


def package(name: str, version: str, node: Path) -> Path:
    """A program's package by itself in the cache, for that node; from the network the first time.

    Its commands are in `node_modules/.bin`.
    """
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    directory = cache / f"{name}-{version}"
    with exclusive(cache / "lock"):
        if not directory.exists():
            _say(f"fetching {name} {version}")
            partial = directory.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            npm("install", "--prefix", str(partial), f"{name}@{version}", first=node)
            partial.rename(directory)
    return directory


def cache_directory() -> Path:
    """`~/.cache/actionhero-deploy`; root's is where the deploy user can read it."""
    if os.geteuid() == 0:
        return Path("/var/cache/actionhero-deploy")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "actionhero-deploy")


def _install(cache: Path, versions: Versions) -> Path:
    """Node and npm side by side, complete once renamed."""
    directory = cache / f"node-{versions.node}-npm-{versions.npm}"
    if directory.exists():
        return directory
    _say(f"fetching Node {versions.node} with npm {versions.npm}")
    machine = _MACHINES.get(platform.machine(), platform.machine())
    partial = directory.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    packages = (f"node-linux-{machine}@{versions.node}", f"npm@{versions.npm}")
    npm("install", "--global", "--prefix", str(partial), *packages)
    partial.rename(directory)
    return directory


def _warm(app: int, toolchain: Toolchain, account: Account) -> None:
    """Put the app's packages into the cache, as the person here, who has the network's settings."""
    lockfile = (APPS / str(app) / "package-lock.json").read_bytes()
    mark = toolchain.cache / f".has-{hashlib.sha256(lockfile).hexdigest()[:16]}"
    if mark.exists():
        return
    _say(f"fetching the packages of the app on ActionHero {app}")
    with TemporaryDirectory(prefix="ahlab-warm") as name:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(APPS / str(app) / file, name)
        cached = ("--cache", str(toolchain.cache), "--prefer-offline", "--ignore-scripts")
        npm("ci", *cached, cwd=name, first=toolchain.bin)
    mark.touch()
    account.give_tree(toolchain.cache)


def _registry(cache: Path) -> str:
    """The registry that npm uses here, asked once."""
    answer = cache / "registry"
    if not answer.exists():
        answer.write_text(npm("config", "get", "registry").strip())
    return answer.read_text()


def npm(command: str, *arguments: str, cwd: str = "/", first: Path | None = None) -> str:
    """Run npm, of `first` or of this machine; what it prints. Raises RuntimeError."""
    path = f"{first}:{os.environ['PATH']}" if first else os.environ["PATH"]
    npm = str(first / "npm") if first else program("npm")
    done = subprocess.run(
        [npm, command, *arguments, *_QUIET],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm {command} failed: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """While others wait: two labs that start at once fetch once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(what: str) -> None:
    print(f"lab: {what}", file=sys.stderr, flush=True)
