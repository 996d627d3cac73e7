"""Inventories with what stands around the app; real programs, started from what is rendered.

Everything listens on the loopback, on free ports and in a directory of its own, and ends with the
test. Where a test runs as root, so does what it starts.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.inventory import load_environment
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".venv/debian"
"""Packages that conflict with each other, unpacked by script/setup."""
SECRETS = {"REDIS_PASSWORD": 'it\'s a "pässword"\\n $x', "LOG_TOKEN": 'B4-$0-`1`-"2"-\\3'}
BASE: dict[str, Any] = {
    "app": {
        "name": "chat",
        "repository": "git@example.org:chat.git",
        "path": "/srv/chat",
        "actionhero": 18,
    },
    "secrets": {name: {"env": name} for name in SECRETS},
    "roles": {
        "server": {},
        "worker": {"serves": False},
        "balancer": {"runs_app": False, "serves": False},
        "store": {"runs_app": False, "serves": False},
    },
}

Start = Callable[..., subprocess.Popen[bytes]]


def make_environment(directory: Path, hosts: dict[str, Any], **more: Any) -> Environment:
    """The environment of these hosts, read from a real file."""
    inventory = directory / "inventory"
    inventory.mkdir(exist_ok=True)
    text = yaml.safe_dump({**BASE, **more, "hosts": hosts}, allow_unicode=True)
    (inventory / "made.yml").write_text(text, "utf-8")
    return load_environment("made", inventory)


@pytest.fixture
def box() -> Iterator[Path]:
    """A directory with a short path: sockets stand in it."""
    directory = Path(tempfile.mkdtemp(prefix="tgt-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def start(box: Path) -> Iterator[Start]:
    """Starts a program in `box`; its output goes to NAME.out; it ends with the test."""
    with starting(box) as run:
        yield run


@contextmanager
def starting(box: Path) -> Iterator[Start]:
    """The same for who has a box; what was started last ends first."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*command: str | Path, name: str, env: dict[str, str] | None = None) -> Any:
        with (box / f"{name}.out").open("ab") as output:
            words = [str(word) for word in command]
            environment = os.environ | (env or {})
            started.append(
                subprocess.Popen(words, cwd=box, stdout=output, stderr=output, env=environment)
            )
        return started[-1]

    try:
        yield run
    finally:
        for process in reversed(started):
            process.terminate()
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def program(name: str) -> str:
    """The program's path. A missing one fails the test: script/setup installs it."""
    found = shutil.which(name, path=f"/usr/sbin:{os.environ['PATH']}")
    assert found, f"{name} is not installed: run script/setup"
    return found


def run(
    *command: str | Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What a program that ends by itself says, on both streams as one."""
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | (env or {}),
    )


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens there."""

    def listens() -> bool:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, f"{process.args}")
