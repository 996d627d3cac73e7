"""An in-place tree becomes a release: nginx's sockets lead to it, and back when it is returned."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.shell import Line, call
from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, SERVER, Host
from tests.remote.harness import Ran, Shell, step

pytestmark = pytest.mark.shells_in_turn

CLOSING = SERVER.replace("http.createServer", "const server = http.createServer").replace(
    "process.exit(0)", "server.close(() => process.exit(0))"
)
"""A server that removes the name of its socket when it ends, as ActionHero does."""


class Tree:
    """A host whose directory is an in-place tree, with two processes that serve."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.root = host.root
        self.sockets = host.root / ".deploy" / "sockets"
        (self.root / "dist").mkdir(parents=True)
        (self.root / ".deploy").mkdir()
        text = CLOSING.replace("BOOT", "").replace("STATUS", "200")
        (self.root / "dist" / "server.js").write_text(text)
        assert (done := self.run(step("start_cluster", 20))).code == 0, done.log

    def run(self, *lines: Line) -> Ran:
        """Run verbs that speak of the tree."""
        arguments = [str(self.root), "processes", "2", str(self.sockets)]
        describe = call("describe_cluster", *arguments, "/api/status", "h", "detached", 5)
        return self.host.shell.run(*lines, before=[describe])

    def answer(self, index: int = 0) -> str:
        """Who answers where nginx looks."""
        socket = str(self.sockets / f"{index}.sock")
        command = ["curl", "-sS", "--unix-socket", socket, "http://localhost/api/status"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return str(json.loads(done.stdout)["release"])

    def adopt(self, run: str, name: str) -> Ran:
        """A release boots, goes live, and gets nginx's sockets."""
        self.host.make(name)
        assert (done := self.host.go_live(run, name)).code == 0, done.log
        return self.host.run(name, step("adopt_sockets", run, str(self.sockets)))

    def running(self) -> list[int]:
        """The processes of the tree."""
        wanted = [p for p in Path("/proc").glob("[0-9]*") if _directory(p) == self.root]
        return [int(p.name) for p in wanted if b"dist/server.js" in (p / "cmdline").read_bytes()]


def _directory(process: Path) -> Path | None:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return None


@pytest.fixture
def tree(shell: Shell, tmp_path: Path) -> Iterator[Tree]:
    host = Host(shell, tmp_path / "a 'b'")
    try:
        yield Tree(host)
    finally:
        host.end()


def test_nginx_reaches_the_release_and_the_old_processes_end(tree: Tree) -> None:
    before = tree.running()
    assert len(before) == 2
    adopted = tree.adopt("run1", "r1")
    assert adopted.code == 0, adopted.log
    assert [tree.answer(0), tree.answer(1)] == ["r1", "r1"]
    assert tree.running() == before, "they wait for the decision"
    done = tree.host.run("r1", step("confirm_switch", "run1", DRAIN))
    assert done.code == 0, done.log
    assert tree.running() == []
    assert [tree.answer(0), tree.answer(1)] == ["r1", "r1"], (
        "the links outlive who made the sockets"
    )
    assert sorted(p.name for p in tree.sockets.iterdir()) == ["0.sock", "1.sock"]
    assert not (tree.root / ".deploy" / "adopting").exists()


def test_what_is_not_decided_for_is_returned_to_the_tree(tree: Tree) -> None:
    tree.adopt("run1", "r1")
    done = tree.host.run("r1", step("settle_switch", "run1", DRAIN))
    assert done.code == 0, done.log
    assert [tree.answer(0), tree.answer(1)] == [tree.root.name] * 2
    assert len(tree.running()) == 2
    assert tree.host.running("r1") == []
    assert not (tree.root / ".deploy" / "adopting").exists()


def test_a_controller_that_dies_leaves_nginx_with_the_tree(tree: Tree) -> None:
    tree.adopt("run1", "r1")
    assert tree.answer() == "r1"
    tree.host.lapse()
    wait_until(lambda: tree.host.record("pending") == {}, "the watcher's return")
    assert tree.answer() == tree.root.name


def test_a_request_in_flight_is_answered_by_the_old_process(tree: Tree) -> None:
    socket = str(tree.sockets / "0.sock")
    command = ["curl", "-sSv", "--unix-socket", socket, "http://localhost/slow"]
    request = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert request.stderr is not None
    assert request.stdout is not None
    while b"GET" not in request.stderr.readline():
        pass
    tree.adopt("run1", "r1")
    assert tree.host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
    assert json.loads(request.stdout.read())["release"] == tree.root.name
    assert request.wait() == 0


def test_more_sockets_than_the_release_has_are_refused(tree: Tree) -> None:
    tree.host.workers = 1
    refused = tree.adopt("run1", "r1")
    assert "has no such socket" in refused.of("refused")[0]["text"]
    assert tree.answer(1) == tree.root.name
