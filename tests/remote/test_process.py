"""Which processes a host's look at the app takes up: all that may concern it, and no more."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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
