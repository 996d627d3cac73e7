"""A pm2 of a test's own: the real one from npm, with a home and a daemon that end with the test."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import toolchain
from tests.lab.processes import Process, everything, find, wait_until
from tests.remote.harness import Shell

VERSION = "7.0.4"
_NODE = 29
"""The app whose Node runs it."""


@dataclass(frozen=True, slots=True)
class Pm2:
    """One user's pm2, as `pm2` in that shell's PATH."""

    shell: Shell
    home: Path

    def say(self, *words: str, port: str = "") -> str:
        """What `pm2 WORD...` prints, as somebody at a terminal calls it, who set PORT."""
        path = f"{self.shell.bin}:{self.shell.environment['PATH']}"
        return subprocess.run(
            ["pm2", *words],
            env=self.shell.environment | {"PATH": path, "PORT": port},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    @property
    def listed(self) -> dict[str, str]:
        """What it knows, by name: its status."""
        found = json.loads(self.say("jlist", "--silent"))
        return {one["name"]: one["pm2_env"]["status"] for one in found}

    @property
    def dump(self) -> list[dict[str, Any]]:
        """What it starts at boot."""
        file = self.home / "dump.pm2"
        return json.loads(file.read_text()) if file.exists() else []

    @property
    def named(self) -> list[str]:
        """The names of it, behind the app's."""
        return sorted(one["name"].rpartition("@")[2] for one in self.dump)

    @property
    def daemon(self) -> Process:
        return next(one for one in everything().values() if self._is_ours(one))

    def _is_ours(self, one: Process) -> bool:
        return one.line.startswith("PM2 v") and f"({self.home})" in one.line

    def kill(self) -> None:
        """The daemon ends as in a power cut; what it ran lives on, until somebody ends it."""
        daemon = self.daemon
        daemon.signal(signal.SIGKILL)
        wait_until(lambda: find(daemon.pid) is None, "the daemon's end")

    def power_off(self) -> None:
        """Daemon and processes end at once."""
        daemon = self.daemon
        daemon.signal(signal.SIGSTOP)
        below = [one for one in everything().values() if one.parent == daemon.pid]
        workers = [one for one in everything().values() if one.parent in {b.pid for b in below}]
        for one in (*workers, *below, daemon):
            one.signal(signal.SIGKILL)
        wait_until(lambda: not any(find(one.pid) for one in (*below, daemon)), "their end")

    def end(self) -> None:
        """End the daemon, wherever it is in starting something."""
        for one in everything().values():
            if self._is_ours(one):
                one.signal(signal.SIGKILL)


def make_pm2(shell: Shell) -> Pm2:
    """Put it into the shell's PATH."""
    _write_pm2(shell.bin)
    return Pm2(shell, Path(shell.environment["HOME"]) / ".pm2")


def link_pm2(directory: Path, app: int = _NODE) -> None:
    """Node and npm of that app's host, and pm2, in a directory of their own."""
    for program in toolchain.provide_node(app).iterdir():
        (directory / program.name).symlink_to(program)
    _write_pm2(directory)


def _write_pm2(directory: Path) -> None:
    node = toolchain.provide_node(_NODE)
    program = toolchain.package("pm2", VERSION, node) / "node_modules/pm2/bin/pm2"
    command = directory / "pm2"
    command.write_text(f'#!/bin/sh\nexec "{node}/node" "{program}" "$@"\n')
    command.chmod(0o755)
