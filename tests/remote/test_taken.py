"""Processes that were started by hand where one of ours is to listen (ActionHero from 22 on)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.shell import call
from tests.ports import free_port
from tests.remote.harness import Shell, fact

_SERVER = """
require("net").createServer().listen(process.env.PORT, () => console.log("listening"))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An app whose server listens, and no more."""
    for name in ("dist", "sockets", ".deploy"):
        (tmp_path / "chat" / name).mkdir(parents=True)
    (tmp_path / "chat" / "dist" / "server.js").write_text(_SERVER)
    return tmp_path / "chat"


@contextmanager
def served(tree: Path, port: str, title: str = "") -> Iterator[int]:
    """The app, started by hand or under a title; its pid once it listens."""
    titled = {"ACTIONHERO_TITLE": title} if title else {}
    with subprocess.Popen(
        ["node", "dist/server.js"],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PORT": port, **titled},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        try:
            yield process.pid
        finally:
            process.kill()


def taken(shell: Shell, tree: Path, listen: str) -> list[list[str]]:
    """What the host says of two processes of ours that are to listen there."""
    described = ("processes", "2", listen, "/api/status", "web1", "detached", 20)
    ran = shell.run(fact("cluster_state"), before=[call("describe_cluster", str(tree), *described)])
    rows = [line.split("\t") for line in ran.answer.splitlines()]
    return [row[1:] for row in rows if row[0] == "taken"]


@pytest.mark.parametrize("title", ["", "web2-0", "web1-", "web1-worker"])
def test_a_process_started_by_hand_on_the_apps_port_is_told_before_a_deploy(
    shell: Shell, tree: Path, title: str
) -> None:
    port = free_port()
    with served(tree, str(port), title) as pid:
        assert taken(shell, tree, str(port)) == [[str(pid), str(port)]]
        assert taken(shell, tree, str(port - 1)) == [[str(pid), str(port)]]
        assert taken(shell, tree, str(port + 1)) == []


@pytest.mark.parametrize("written", ["{tree}/sockets/1.sock", "sockets/1.sock", "./sockets/1.sock"])
def test_a_process_started_by_hand_on_the_apps_socket_is_told_before_a_deploy(
    shell: Shell, tree: Path, written: str
) -> None:
    with served(tree, written.format(tree=tree)) as pid:
        assert taken(shell, tree, f"{tree}/sockets") == [[str(pid), f"{tree}/sockets/1.sock"]]
        assert taken(shell, tree, f"{tree}/others") == []


def test_a_process_of_ours_has_its_own_endpoint(shell: Shell, tree: Path) -> None:
    with served(tree, f"{tree}/sockets/0.sock", "web1-0"):
        assert taken(shell, tree, f"{tree}/sockets") == []
