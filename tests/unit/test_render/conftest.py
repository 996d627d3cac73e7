"""Environments to render, and a real nginx in front of a real node process.

Both listen on loopback and on sockets of a directory of their own; nginx never runs as root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Literal

import pytest

from deploy.inventory.models import App, Environment, Host, Role, Settings
from deploy.inventory.settings import NginxSettings
from deploy.inventory.settings_actionhero import ActionheroSettings
from deploy.render import render_nginx, write_files
from tests.ports import free_port

UPSTREAM = Path(__file__).with_name("upstream.js")
DEADLINE = 15.0
"""Seconds that a program may take to listen."""

Make = Callable[..., tuple[Environment, Host]]


def make_environment(
    *,
    nginx: dict[str, Any] | None = None,
    actionhero: dict[str, Any] | None = None,
    app: dict[str, Any] | None = None,
    serves: bool = True,
    strategy: Literal["in_place", "releases"] = "in_place",
    **settings: Any,
) -> tuple[Environment, Host]:
    """An environment `production` of app `chat`, and its one host."""
    role, name = ("server", "web1") if serves else ("worker", "jobs1")
    host = Host(
        name=name,
        address=f"{name}.example.org",
        roles=(role,),
        runs_app=True,
        serves=serves,
        settings=Settings(
            nginx=NginxSettings(**(nginx or {})),
            actionhero=ActionheroSettings(**(actionhero or {})),
            **settings,
        ),
    )
    values = {"name": "chat", "repository": "git@example.org:chat.git", "path": "/srv/chat"}
    environment = Environment(
        name="production",
        source="inventory/production.yml",
        app=App(**{**values, "actionhero": 18, **(app or {})}),
        strategy=strategy,
        roles={role: Role(serves=serves)},
        hosts={name: host},
    )
    return environment, host


@pytest.fixture
def make() -> Make:
    return make_environment


@dataclass
class Site:
    """A running nginx in front of a running app."""

    root: Path
    port: int
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_app(self, upstream: Path) -> subprocess.Popen[bytes]:
        """An app that listens on that socket."""
        self.started.append(subprocess.Popen(["node", str(UPSTREAM), str(upstream)]))
        _wait(self.started[-1], lambda: _connects(socket.AF_UNIX, str(upstream)))
        return self.started[-1]

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def log(self) -> list[str]:
        """The access log; the one worker has written it when it answers the next request."""
        self.get("/.mark")
        lines = (self.root / "access.log").read_text("utf-8").splitlines()
        return [line for line in lines if "/.mark" not in line]

    def public(self, name: str, text: str, tree: str = "app") -> None:
        file = self.root / tree / "public" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Start node and nginx as the rendered file says; further knobs as keywords.

    `{root}` in a section's path is the directory of it all.
    With `strategy="releases"` the app's directory has a release `new` and, before it, `old`.
    """
    started: list[subprocess.Popen[bytes]] = []
    root = Path(tempfile.mkdtemp(prefix="render-"))

    def start(
        *,
        strategy: Literal["in_place", "releases"] = "in_place",
        json_log: bool = False,
        **knobs: Any,
    ) -> Site:
        site = Site(root, free_port(), started)
        if json_log:
            knobs["access_log_json"] = str(root / "temp/access.json")
        _prepare(root)
        below = {key: _below(root, value) for key, value in knobs.items()}
        environment, host = make_environment(
            strategy=strategy,
            app={"path": str(root / "app")},
            workers=2,
            nginx={**_own_files(root, site.port), **below},
        )
        write_files(render_nginx(environment, host), root)
        upstream = root / "app/.deploy/sockets/0.sock"
        if strategy == "releases":
            upstream = _make_releases(root / "app")
        site.start_app(upstream)
        started.append(_start_nginx(root))
        _wait(started[-1], lambda: _connects(socket.AF_INET, ("127.0.0.1", site.port)))
        return site

    yield start
    for process in reversed(started):
        process.terminate()
        process.wait(DEADLINE)
    shutil.rmtree(root)


def _own_files(root: Path, port: int) -> dict[str, Any]:
    """The knobs of an nginx that anybody may start."""
    return {
        "listen": f"127.0.0.1:{port}",
        "pid": str(root / "nginx.pid"),
        "error_log": str(root / "error.log"),
        "access_log": str(root / "access.log"),
        "temp_path": str(root / "temp"),
        "worker_processes": 1,
    }


def _below(root: Path, knob: Any) -> Any:
    if not isinstance(knob, dict):
        return knob
    return {
        key: value.replace("{root}", str(root)) if isinstance(value, str) else value
        for key, value in knob.items()
    }


def _prepare(root: Path) -> None:
    for name in ("app/public", "app/.deploy/sockets", "temp"):
        (root / name).mkdir(parents=True)
    root.chmod(0o755)
    for name in ("access.log", "error.log"):
        (root / name).touch()
    if os.getuid() == 0:  # nginx runs as nobody: what it writes has to be nobody's
        nobody = pwd.getpwnam("nobody").pw_uid
        for name in (".", "temp", "access.log", "error.log"):
            os.chown(root / name, nobody, -1)


def _make_releases(app: Path) -> Path:
    """Links as a switch makes them; the socket that the new release's process binds."""
    for name in ("new", "old"):
        (app / "releases" / name / "public").mkdir(parents=True)
    (app / "current").symlink_to("releases/new")
    (app / "previous").symlink_to("releases/old")
    (app / "shared/sockets/new").mkdir(parents=True)
    (app / "shared/sockets/live").symlink_to("new")
    return app / "shared/sockets/new/0.sock"


def _start_nginx(root: Path) -> subprocess.Popen[bytes]:
    program = shutil.which("nginx", path=f"/usr/sbin:{os.environ['PATH']}")
    assert program, "nginx is not installed"
    command = [program, "-p", f"{root}/", "-c", f"{root}/nginx.conf", "-g", "daemon off;"]
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        return subprocess.Popen(command, user=user.pw_uid, group=user.pw_gid, extra_groups=[])
    return subprocess.Popen(command)


def _wait(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> None:
    """Until ready; the pause between two looks is a wait for the process's own end."""
    end = time.monotonic() + DEADLINE
    while not is_ready():
        assert time.monotonic() < end, f"{process.args} does not listen"
        try:
            status = process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"{process.args} ended with {status}")


def _connects(family: socket.AddressFamily, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        return client.connect_ex(address) == 0
