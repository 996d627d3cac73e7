"""Which processes a host's look at the app takes up: all that may concern it, and no more."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from deploy.facts.cluster import ClusterState, parse_cluster
from deploy.shell import call
from tests.remote.harness import Shell, fact


@contextmanager
def running(directory: Path, command: str) -> Iterator[int]:
    """A process there, whose command line is `command 60`; the directory is made."""
    directory.mkdir(parents=True, exist_ok=True)
    program = os.path.realpath(shutil.which("sleep") or "")
    with subprocess.Popen([command, "60"], executable=program, cwd=directory) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_candidates_are_those_that_may_concern_the_app(shell: Shell, tmp_path: Path) -> None:
    root = tmp_path / "apps" / "chat"
    wanted = {
        (root, "anything"),
        (root.with_name("old release"), "actionhero startCluster"),
        (tmp_path / "elsewhere", f"node {root}/node_modules/actionhero/bin/actionhero start"),
    }
    others = {
        (root.with_name("beside"), "nothing of ours"),
        (tmp_path / "far", "actionhero startCluster"),
        (root / "below", "actionhero startCluster"),
        (tmp_path / "far", f"tail {root}/log"),
    }
    with ExitStack() as stack:
        pids = {one: stack.enter_context(running(*one)) for one in wanted | others}
        found = shell.run(fact("list_candidates", str(root))).answer.split()
    assert {one for one, pid in pids.items() if str(pid) in found} == wanted


def test_a_directory_that_is_gone_still_counts(shell: Shell, tmp_path: Path) -> None:
    root = tmp_path / "apps" / "chat"
    with running(root.with_name("gone"), "actionhero startCluster") as pid:
        root.with_name("gone").rmdir()
        assert str(pid) in shell.run(fact("list_candidates", str(root))).answer.split()


@contextmanager
def started(program: Path | str, directory: Path, *words: str) -> Iterator[int]:
    """A process of that program whose command line is exactly `words`."""
    directory.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(words, executable=program, cwd=directory) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def ours(shell: Shell, root: Path) -> list[str]:
    """The pids that the shell takes for the app's."""
    described = ("processes", "1", "8080", "/api/status", "web1", "detached", 20)
    before = [call("describe_cluster", str(root), *described)]
    ran = shell.run(fact("list_ours"), before=before)
    return [line.split()[0] for line in ran.answer.splitlines()]


def test_an_editor_of_the_server_file_is_no_process_of_the_app(
    shell: Shell, tmp_path: Path
) -> None:
    """`tail -f dist/server.js` in the app's directory has the right words, place and owner."""
    root = tmp_path / "chat"
    (root / "dist").mkdir(parents=True)
    (root / "dist" / "server.js").write_text("setInterval(() => {}, 1000)\n")
    tail = os.path.realpath(shutil.which("tail") or "")
    with started(tail, root, "tail", "-f", "dist/server.js") as pid:
        assert ours(shell, root) == []
        assert parse_process(shell, root, pid).ours == ()


@pytest.mark.parametrize("name", ["node", "nodejs", "node-20"])
def test_a_node_that_an_upgrade_replaced_still_runs_the_app(
    shell: Shell, tmp_path: Path, name: str
) -> None:
    """Its executable is `/…/node (deleted)` then."""
    root, node = tmp_path / "chat", tmp_path / name
    (root / "dist").mkdir(parents=True)
    (root / "dist" / "server.js").write_text("setInterval(() => {}, 1000)\n")
    shutil.copy(os.path.realpath(shutil.which("node") or ""), node)
    with started(node, root, "node", "dist/server.js") as pid:
        node.unlink()
        assert ours(shell, root) == [str(pid)]
        assert [one.pid for one in parse_process(shell, root, pid).ours] == [pid]


def test_a_process_is_named_without_what_its_command_line_may_hold(
    shell: Shell, tmp_path: Path
) -> None:
    """Found: a stranger on our socket was told with its passwords, in events and logs of CI."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "server.js").write_text("setInterval(() => {}, 1000)\n")
    node, sleep = (os.path.realpath(shutil.which(name) or "") for name in ("node", "sleep"))
    told = {
        (node, "/bin/node", "--expose-gc", "app/server.js", "s3cret"): "node server.js",
        (sleep, "store", "60", "61"): "store",
        (sleep, "nginx: worker s3cret", "60"): "nginx:",
    }
    for (program, *words), name in told.items():
        with started(program, tmp_path, *words) as pid:
            assert shell.run(fact("name_process", pid)).answer == name


def parse_process(shell: Shell, root: Path, pid: int) -> ClusterState:
    """What the controller makes of the host's word on one process."""
    told = shell.run(fact("show_process", pid)).answer
    return parse_cluster(f"workers\t1\nboot\tabc\t5000\nroot\t{root}\n{told}\n")


def test_no_number_is_no_process(shell: Shell) -> None:
    """Found: a master without a worker could not be stopped; /proc//stat is the machine's."""
    (told,) = shell.run(fact("is_alive", "", "")).of("fact")
    assert (told["code"], told["text"]) == ("1", "")
