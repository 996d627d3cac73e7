"""Who is the cluster master: real processes that look like one, below a real shell."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.shell import Call, call
from tests.remote.harness import Shell, fact, session, step

# The copy has its parent's command line, as a forked worker has until it calls execve(2).
_MASTER = """#!/usr/bin/env node
const words = ["./node_modules/.bin/actionhero", ...process.argv.slice(2)]
const env = {...process.env, COPY: "1"}
if (process.env.COPY) console.log("forked")
else require("child_process").spawn("node", words, {env, stdio: "inherit"})
setInterval(() => {}, 1000)
"""

Start = Callable[[], int]
"""Starts a master; its pid."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An app whose actionhero only waits, with a copy of itself."""
    program = tmp_path / "app" / "node_modules" / ".bin" / "actionhero"
    program.parent.mkdir(parents=True)
    program.write_text(_MASTER)
    program.chmod(0o755)
    (tmp_path / "app" / ".deploy").mkdir()
    return tmp_path / "app"


@pytest.fixture
def start_master(tree: Path) -> Iterator[Start]:
    masters: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        command = ["./node_modules/.bin/actionhero", "start", "cluster", "--workers=1"]
        master = subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE, start_new_session=True)
        masters.append(master)
        assert master.stdout is not None
        assert master.stdout.readline() == b"forked\n"
        return master.pid

    yield start
    for master in masters:
        for pid in session(master.pid):
            os.kill(pid, signal.SIGKILL)
        master.wait()


def cluster(tree: Path) -> list[Call]:
    described = ("start cluster", "1", "8080", "/api/status", "web1", "detached", 20)
    return [call("describe_cluster", str(tree), *described)]


def test_a_worker_that_is_just_being_forked_is_no_second_master(
    shell: Shell, tree: Path, start_master: Start
) -> None:
    master = start_master()
    assert len(session(master)) >= 2  # the copy is there
    ran = shell.run(fact("list_tops"), before=cluster(tree))
    assert [line.split()[0] for line in ran.answer.splitlines()] == [str(master)]


def test_two_masters_are_a_failed_proof_never_a_passed_one(
    shell: Shell, tree: Path, start_master: Start
) -> None:
    start_master()
    start_master()
    ran = shell.run(step("prove_cluster", 5), before=cluster(tree))
    assert ran.refusal.startswith("more than one cluster master runs")
    assert ran.outcomes == {"prove_cluster": "failed"}


def test_two_masters_are_told_when_a_host_is_asked(
    shell: Shell, tree: Path, start_master: Start
) -> None:
    start_master()
    start_master()
    ran = shell.run(fact("answers"), before=cluster(tree))
    assert ran.answer == f"more than one cluster master runs from {tree}"


def test_what_ended_before_its_signal_came_is_as_it_should_be(
    shell: Shell, tree: Path, start_master: Start
) -> None:
    master = start_master()
    tops = shell.run(fact("list_tops"), before=cluster(tree)).answer
    for pid in session(master):
        os.kill(pid, signal.SIGKILL)  # a watcher was faster; nobody waited for it yet: a zombie
    ran = shell.run(step("detached_stop", tops), before=cluster(tree))
    assert (ran.refusal, ran.outcomes) == ("", {"detached_stop": "changed"})


def test_what_is_no_process_of_the_app_gets_no_signal_even_when_it_is_to_end(
    shell: Shell, tree: Path
) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tree) as stranger:
        start = Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[19]
        ran = shell.run(step("detached_stop", f"{stranger.pid} {start}"), before=cluster(tree))
        assert stranger.poll() is None
        stranger.kill()
    assert "is not this app's any more; no signal was sent" in ran.refusal
