"""What is rendered for inventory/production.yml runs: redis, its sentinels, and ActionHero 14, 18
and 29 that find them. A role is booted as its cluster or process is, and asked on its socket.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp

import pytest

from deploy.inventory.layout import layout_for
from deploy.render import render_config, write_files
from tests.lab.toolchain import npm, provide_node
from tests.render_targets.conftest import starting
from tests.render_targets.production import Production
from tests.render_targets.redises import PASSWORD

pytestmark = pytest.mark.lab

APPS = Path(__file__).with_name("apps")
START = {
    14: ["node_modules/.bin/actionhero", "startCluster", "--workers=1"],
    18: ["node_modules/.bin/actionhero", "start", "cluster", "--workers=1"],
    29: ["node", "dist/server.js"],
}
CHECKED = [*("--noCheck", "false"), *("--noResolve", "false"), *("--types", "node")]
CHECKED += ["--lib", "es2022"]
"""What the lab's app only translates is a person's to check, too."""
DEADLINE = 60.0
"""Seconds that a program may take to listen, or to end."""


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
def production() -> Iterator[Production]:
    """Its redis servers and sentinels."""
    box = Path(mkdtemp(prefix="prod-"))
    with starting(box) as start:
        made = Production(box)
        made.start(start)
        yield made
    shutil.rmtree(box)


@pytest.fixture(scope="module", params=sorted(START))
def installed(request: pytest.FixtureRequest) -> Iterator[tuple[int, Path, str]]:
    """Major, an installed app, and the PATH that has its node."""
    major: int = request.param
    root = Path(mkdtemp(prefix=f"ah{major}-"))
    app = root / "app"
    shutil.copytree(APPS / str(major), app)
    node = provide_node(major)
    npm("ci", "--ignore-scripts", cwd=str(app), first=node)
    path = f"{node}:{os.environ['PATH']}"
    for name in ("pids", "log"):
        (app / name).mkdir(exist_ok=True)
    yield major, app, path
    shutil.rmtree(root)


def test_redis_and_the_sentinels_have_read_their_files(production: Production) -> None:
    nodes = [*production.servers.values(), *production.guards.values()]
    assert [one.script("prove").returncode for one in nodes] == [0] * 6
    tasks, replica, cache = production.servers.values()
    assert (tasks.info("role"), replica.info("role")) == ("master", "slave")
    assert (tasks.get("appendonly"), tasks.get("maxmemory-policy")) == ("yes", "noeviction")
    assert cache.get("maxmemory") == str(512 << 20)
    assert "unknown command" in tasks.ask("FLUSHALL")
    assert tasks.ask("PING", password="").startswith("NOAUTH")


@pytest.mark.parametrize("name", ["web1", "jobs1"])
def test_role_boots_with_its_configuration(
    installed: tuple[int, Path, str], production: Production, name: str
) -> None:
    major, app, path = installed
    tasks = production.servers["redis1"]
    tasks.ask("DEL", "resque:workers")
    address = _render(production, major, app, name)
    process = _start(major, app, path, address)
    try:
        wait(process, lambda: _status(address, "/api/status") == 200)
        assert stat.S_IMODE(address.stat().st_mode) == 0o777
        if name == "web1":
            assert _status(address, "/primus/primus.js") == 200
            assert tasks.ask("SCARD", "resque:workers") == "0"
        else:
            wait(process, lambda: tasks.ask("SCARD", "resque:workers") == "1")
            [worker] = tasks.ask("SMEMBERS", "resque:workers").splitlines()
            assert worker.endswith(":mail,*")
        assert list((app / "pids").glob("actionhero-*"))
        wait(process, lambda: "notice" in levels(app))
        assert levels(app) <= {"notice", "alert"}
    finally:
        _end(process)


def test_nothing_starts_without_the_server_token(
    installed: tuple[int, Path, str], production: Production
) -> None:
    major, app, path = installed
    address = _render(production, major, app, "web1")
    process = _start(major, app, path, address, has_token=False)
    try:
        assert process.wait(DEADLINE) == 1
    finally:
        _end(process)
    said = (app / "log/boot.out").read_text("utf-8")
    assert "SERVER_TOKEN is not set: declare it under secrets" in said
    assert not address.exists()


def levels(app: Path) -> set[str]:
    """How severe what is in the log is, which production.yml has begin at `notice`."""
    lines = "".join(file.read_text() for file in (app / "shared/log").glob("*.log")).splitlines()
    return {json.loads(line)["level"] for line in lines}


def _render(production: Production, major: int, app: Path, name: str) -> Path:
    """Write the host's files over the app's own; the socket that the process will have."""
    environment = production.environment(path=str(app), actionhero=major)
    host = environment.hosts[name]
    write_files(render_config(environment, host), app)
    log = Path(layout_for(environment, host).log)  # as a deploy makes it
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir(parents=True)
    address = app / "tmp/0.sock"
    address.parent.mkdir(exist_ok=True)
    address.unlink(missing_ok=True)
    (app / "pids/cluster_pidfile").unlink(missing_ok=True)
    return address


def _start(
    major: int, app: Path, path: str, address: Path, has_token: bool = True
) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": path,
        "PORT": str(address),  # as every process is told its socket
        "HOME": str(app),
        "NODE_ENV": "production",
        "REDIS_PASSWORD": PASSWORD,
        **({"SERVER_TOKEN": "token"} if has_token else {}),
    }
    if (app / "tsconfig.json").exists():
        tsc = ("node_modules/.bin/tsc", *CHECKED)
        subprocess.run(tsc, cwd=app, env=environment, check=True)
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
