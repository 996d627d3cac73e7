"""Git as a command: it never asks, has a limit of time, and ends when we are told to end."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LIMIT = 120  # seconds


@dataclass(frozen=True, slots=True)
class Said:
    """What a git command left."""

    code: int
    output: str
    error: str


def run_git(arguments: Sequence[str], directory: Path, *, ssh_config: str = "") -> Said:
    """Run git in a directory; one that takes too long says so, and has no exit code of its own."""
    from git import Git  # takes 60 ms, and most tasks need no repository

    process = Git(directory).execute(
        ["git", "-c", "core.hooksPath=/dev/null", "-c", "gc.autoDetach=false", *arguments],
        as_process=True,
        start_new_session=True,  # so that its ssh ends with it
        env=_silent(directory, ssh_config),
    )
    # Not GitPython's kill_after_timeout: its timer outlives a Ctrl-C, and the program with it.
    try:
        output, error = process.communicate(timeout=_LIMIT)
    except subprocess.TimeoutExpired:
        return Said(-1, "", f"Timeout: git took more than {_LIMIT} s")
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    return Said(process.returncode, *(data.decode(errors="replace") for data in (output, error)))


def _silent(directory: Path, ssh_config: str) -> dict[str, str]:
    """Environment in which git fails where it would ask; an own ssh command is kept."""
    ssh = os.environ.get("GIT_SSH_COMMAND")
    if not ssh and "GIT_SSH" not in os.environ:
        ssh = _configured_ssh(directory)
        if ssh == "ssh" and ssh_config:
            ssh = f"ssh -F {shlex.quote(ssh_config)}"
    never = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false", "SSH_ASKPASS": "false"}
    return never | ({"GIT_SSH_COMMAND": f"{ssh} -oBatchMode=yes"} if ssh else {})


@cache
def _configured_ssh(directory: Path) -> str:
    """What git's configuration names; asked once, since it is a process."""
    from git import Git

    command = ["git", "config", "--get", "core.sshCommand"]
    return str(Git(directory).execute(command, with_exceptions=False)) or "ssh"


def next_action(error: str, url: str) -> str:
    """What to do about what git said."""
    if "Host key verification failed" in error:
        return "compare the fingerprint, then accept it: ssh-keyscan HOST >> ~/.ssh/known_hosts"
    if re.search("could not read|prompts disabled|Authentication failed", error):
        return "use an ssh URL with a key in your agent, or set up a credential helper"
    if "Permission denied (" in error:
        return "add your key to the server, or to your agent: ssh-add"
    if "Timeout:" in error:
        return f"git took over {_LIMIT} s: look at the network"
    return f"mend app.repository in the inventory, or try: git ls-remote {url}"
