"""Ctrl-C at the command line before anything was done, while a host does not answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploys.harness import invoke
from tests.lab.processes import wait_until

INVENTORY = """
app: {{name: chat, repository: {repository}, path: /srv/chat, process_model: processes}}
ssh: {{config: /dev/null, connect_timeout: 60}}
roles: {{server: {{}}}}
hosts: {{web1: {{address: 127.0.0.1, port: {port}, user: nobody, roles: [server]}}}}
"""


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port whose queue is full: who connects there waits for his time limit."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        socket.create_connection(server.getsockname()),
    ):
        yield int(server.getsockname()[1])


def is_connecting(port: int) -> bool:
    """Somebody's SYN to that port was not answered (proc(5), net/tcp: state 02)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)


@pytest.fixture
def repository(tmp_path: Path) -> str:
    """An app with nothing in it that matters here."""
    tree = tmp_path / "chat"
    tree.mkdir()
    (tree / "package.json").write_text("{}")
    who = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    for words in (("init", "-qb", "main"), ("add", "."), (*who, "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=tree, check=True)
    return str(tree)


def interrupt(
    directory: Path, task: str, deaf: int, *, repository: str, port: int
) -> tuple[int, list[str]]:
    """Ctrl-C once something hangs at `deaf`: exit code, and what was said behind the first line.

    The only host listens at `port`.
    """
    text = INVENTORY.format(repository=repository, port=port)
    (directory / "lab.yml").write_text(text)
    environment = {
        "DEPLOY_INVENTORY": str(directory),
        "DEPLOY_RUNS": str(directory / "runs"),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "HOME": str(directory),
    }
    with invoke((task, "--env", "lab"), {**os.environ, **environment}) as run:
        wait_until(lambda: is_connecting(deaf), "a connection")
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=30)
    assert time.monotonic() - began < 10, "it waited for what does not answer"
    lines = said.splitlines()
    return run.returncode, [line for line in lines if not line.endswith("to lab: web1")]


@pytest.mark.parametrize("task", ["deploy", "reload", "status", "unlock"])
def test_ctrl_c_while_connecting_ends_at_once_with_130_and_one_line(
    deaf: int, repository: str, tmp_path: Path, task: str
) -> None:
    code, (line,) = interrupt(tmp_path, task, deaf, repository=repository, port=deaf)
    assert code == 130
    assert ("interrupted" if task == "status" else "interrupted; nothing was changed") in line


def test_ctrl_c_while_the_repository_does_not_answer_ends_git_too(
    deaf: int, tmp_path: Path
) -> None:
    """GitPython's own time limit is a thread that the program would wait for, 120 s."""
    url = f"git://127.0.0.1:{deaf}/chat"
    code, (line,) = interrupt(tmp_path, "deploy", deaf, repository=url, port=1)
    assert (code, "interrupted; nothing was changed" in line) == (130, True)
    commands = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline")]
    assert not [one for one in commands if url.encode() in one]
