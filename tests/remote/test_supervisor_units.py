"""An order that systemd or sudo does not take fails its step; and what root runs is root's.

There need be no systemd here: what is tested is that its refusal is seen.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from deploy.shell import Call, call, compile_script, loader_command, quote
from tests.lab.processes import find
from tests.remote.harness import NONCE, Shell, fact, step


def described(root: Path) -> list[Call]:
    """An app in place whose processes the machine's systemd keeps."""
    values = ("processes", "1", "8080", "/api/status", "web1", "systemd", 5)
    return [call("describe_cluster", str(root), *values), call("systemd_names")]


def test_an_order_that_is_denied_is_no_stop(shell: Shell, tmp_path: Path) -> None:
    """Found: it counted as done where errexit does not hold, behind `||`, as in each_top."""
    stop = step("each_top", "nowhere.service 1", "stop_unit")
    assert shell.run(stop, before=described(tmp_path)).outcomes == {"each_top": "failed"}


def test_a_process_that_may_not_be_stopped_is_not_taken_for_stopped(
    shell: Shell, tmp_path: Path
) -> None:
    """Found: the refusal was told, and the step went on; it would have killed what it refused."""
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as stranger:
        process = find(stranger.pid)
        assert process is not None
        told = in_condition(shell, tmp_path, f"{process.pid} {process.start}")
        stranger.kill()
    assert "done with 81" in told


def in_condition(shell: Shell, root: Path, tops: str) -> str:
    """What is printed when these are stopped as stop_release does it."""
    script = compile_script([], nonce=NONCE, before=described(root))
    script += f"_code=0; stop_units {quote(tops)} || _code=$?; echo done with $_code\n".encode()
    path = {"PATH": f"{shell.bin}:{os.environ['PATH']}"}
    words = ["sh", "-c", loader_command(len(script))]
    done = subprocess.run(
        words, input=script, env=shell.environment | path, capture_output=True, check=True
    )
    return done.stderr.decode()


def test_what_sudo_runs_is_not_found_in_a_directory_of_this_user(shell: Shell) -> None:
    """`node_bin` stands first in PATH, and may be the deploy user's own."""
    planted = shell.bin / "systemctl"
    planted.write_text("#!/bin/sh\n")
    planted.chmod(0o755)
    assert shell.run(fact("find_systemctl")).answer in ("/usr/bin/systemctl", "/bin/systemctl")
