"""Fixtures of the verbs' tests: each shell in turn, a git that reads no configuration, redis."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.ports import free_port
from tests.remote.configured import Fleet, make_fleet
from tests.remote.harness import SHELLS, Shell, make_shell
from tests.remote.nginx_place import Place
from tests.remote.redis_server import Redis, Start, starting
from tests.remote.releases import LOCKFILE, PACKAGE, Site
from tests.remote.repositories import App, Tree, make_origin
from tests.transport import sshd

_GIT = """
[user]
    name = deploy
    email = deploy@localhost
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
"""


def make_login(home: Path) -> dict[str, str]:
    """The variables of a login on a host, with that home."""
    home.mkdir()
    (home / ".gitconfig").write_text(_GIT)
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "npm_config_cache": str(home / "npm"),
        "npm_config_update_notifier": "false",
    }


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a login on a host, with a home of its own."""
    return make_login(tmp_path / "home")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs under each shell that hosts have. Where processes are started, packages installed
    or trees made, a file's tests take turns: every verb meets both shells, in half the time.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    if "shell" not in metafunc.fixturenames or any(mark.args[0] == "shell" for mark in marks):
        return
    shells = list(SHELLS)
    if metafunc.definition.get_closest_marker("shells_in_turn"):
        names = [name for name in vars(metafunc.module) if name.startswith("test_")]
        shells = [SHELLS[names.index(metafunc.function.__name__) % len(SHELLS)]]
    metafunc.parametrize("shell", shells, indirect=True)


@pytest.fixture
def shell(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Shell:
    """A shell that hosts have."""
    return make_shell(request.param, tmp_path / "shell", environment)


@pytest.fixture
def origin(tmp_path: Path, environment: dict[str, str]) -> Tree:
    """A repository with one commit, in a directory that needs quoting."""
    origin = make_origin(tmp_path / "the $(reboot) 'origin'", environment)
    origin.commit({"server.js": "one\n", ".gitignore": "node_modules\n/dist\n/log\n/pids\n"})
    return origin


@pytest.fixture
def app(tmp_path: Path, shell: Shell, origin: Tree, environment: dict[str, str]) -> App:
    """An app that was never deployed, in a directory that needs quoting."""
    return App(shell, Tree(tmp_path / "apps" / 'a "b" c', environment), origin)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A server that nothing happens to."""
    server = Redis(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Start]:
    """Starts redis servers of the test's own."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture
def dash(tmp_path: Path, environment: dict[str, str]) -> Shell:
    """For what has nothing to do with the kind of shell."""
    return make_shell("dash", tmp_path / "shell", environment)


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run's name, each test's own."""
    return f"20261123T141502Z-{tmp_path.name}"


@pytest.fixture
def site(tmp_path: Path, shell: Shell, origin: Tree) -> Site:
    """An app of releases that was never deployed, in a directory that needs quoting."""
    origin.commit({"package.json": PACKAGE, "package-lock.json": LOCKFILE})
    return Site(shell, tmp_path / "apps" / 'a "b" c\'d', origin)


@pytest.fixture
def place(shell: Shell, tmp_path: Path) -> Iterator[Place]:
    """A host's directory, with the old file of an nginx that does not run yet."""
    for name in ("etc", "temp", "app"):
        (tmp_path / name).mkdir()
    made = Place(shell, tmp_path, free_port())
    made.file.write_text(made.text("old"))
    yield made
    for pid in made.masters:
        os.kill(pid, signal.SIGTERM)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Path, dict[str, sshd.Sshd]]]:
    """Two hosts; not below pytest's directory, which is closed to other users."""
    with TemporaryDirectory(prefix="conf-") as name, ExitStack() as stack:
        directory = Path(name)
        directory.chmod(0o755)
        public = sshd.make_key(directory / "key")
        made = {}
        for number, host in enumerate(("web1", "web2"), 1):
            made[host] = sshd.start(directory / f"sshd-{host}", f"127.0.78.{number}", public)
            stack.callback(made[host].stop)
        yield directory, made


@pytest.fixture
def fleet(servers: tuple[Path, dict[str, sshd.Sshd]]) -> Iterator[Fleet]:
    """Both hosts as they are before the first `configure`."""
    directory, running = servers
    number = len(list(directory.glob("t*")))
    made = make_fleet(directory / f"t{number}", directory / "key", running)
    yield made
    for host in running:
        with suppress(OSError, ValueError):
            os.kill(int((made.host(host) / "nginx.pid").read_text()), signal.SIGTERM)


@pytest.fixture
def configured(fleet: Fleet) -> Fleet:
    """Both hosts configured once; that started nginx."""
    said = fleet.run("configure")
    assert said.code == 0, said.text
    return fleet
