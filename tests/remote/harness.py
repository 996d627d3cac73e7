"""Runs real verbs of deploy/remote under a real shell, as a stage on a host would.

The script is compiled and loaded exactly as over SSH; only the connection is a pair of pipes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.shell import Argument, Call, Line, call, compile_script, loader_command

NONCE = "0123456789abcdef"
SHELLS = ("dash", "busybox")
LIMIT = 120


@dataclass(frozen=True, slots=True)
class Ran:
    """What a stage left behind: its reports in order, its log, its exit code."""

    reports: list[dict[str, str]]
    log: str
    code: int

    def of(self, kind: str) -> list[dict[str, str]]:
        """The reports of one type."""
        return [report for report in self.reports if report["type"] == kind]

    @property
    def outcomes(self) -> dict[str, str]:
        """How each step ended: changed, unchanged or failed."""
        return {report["step"]: report["outcome"] for report in self.of("finished")}

    @property
    def refusal(self) -> str:
        """What the first refusal says, its hint after a line break; empty when there is none."""
        return next((f"{r['text']}\n{r['hint']}" for r in self.of("refused")), "")

    @property
    def warnings(self) -> str:
        return "\n".join(report["text"] for report in self.of("warned"))

    @property
    def answer(self) -> str:
        """What the only fact answers."""
        (fact,) = self.of("fact")
        return fact["text"]


def step(verb: str, *arguments: Argument | int, undo: Call | None = None) -> Line:
    """A line named after its verb."""
    return Line(verb, call(verb, *arguments), undo)


def fact(verb: str, *arguments: Argument | int) -> Line:
    return Line(verb, call(verb, *arguments), is_fact=True)


@dataclass(frozen=True, slots=True)
class Shell:
    """One kind of `sh`; `bin` is first in PATH and holds it under that name."""

    bin: Path
    environment: dict[str, str]
    user: int | None = None
    """Whom it runs as; none: ourselves."""

    def run(
        self, *lines: Line, app: dict[str, Argument] | None = None, before: Sequence[Call] = ()
    ) -> Ran:
        """Run a stage of `lines` to its end; `app` is the app's environment."""
        return finish(self.start(*lines, app=app, before=before))

    def start(
        self, *lines: Line, app: dict[str, Argument] | None = None, before: Sequence[Call] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a stage in a session of its own, as sshd does, and hand it its script."""
        script = compile_script(lines, nonce=NONCE, environment=app, before=before)
        stage = subprocess.Popen(
            ["sh", "-c", loader_command(len(script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment | {"PATH": f"{self.bin}:{self.environment['PATH']}"},
            start_new_session=True,
            bufsize=0,
            user=self.user,
        )
        assert stage.stdin is not None
        stage.stdin.write(script)
        stage.stdin.flush()
        return stage


def finish(stage: subprocess.Popen[bytes]) -> Ran:
    """Wait for the stage's end and read it; its pipes must be closed by then."""
    output, log = stage.communicate(timeout=LIMIT)
    records = [r for r in output.decode().split("\x1e") if r]
    reports = [json.loads(record) for record in records]
    assert all(report.pop("nonce") == NONCE for report in reports)
    return Ran(reports, log.decode(errors="replace"), stage.returncode)


def await_log(stage: subprocess.Popen[bytes], text: str) -> None:
    """Read the log until it holds `text`; fails when the stage ends before."""
    assert stage.stderr is not None
    log = b""
    while text.encode() not in log:
        piece = stage.stderr.read(1)
        assert piece, log.decode()
        log += piece


def end_session(stage: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """Signal every process of the stage's session, those in groups of their own included."""
    for pid in session(stage.pid):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def session(leader: int) -> list[int]:
    """The living processes of a session (proc(5), field 6 of stat)."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[3] == str(leader) and fields[0] != "Z":
            found.append(int(directory.name))
    return found


def make_shell(kind: str, directory: Path, environment: dict[str, str]) -> Shell:
    """A directory in which `sh` is the shell of that kind."""
    program = shutil.which(kind)
    assert program, f"{kind} is needed: apt-get install {kind}"
    directory.mkdir()
    (directory / "sh").symlink_to(program)
    return Shell(directory, environment)


def only(kind: str) -> pytest.MarkDecorator:
    """Under one shell: where the time is spent in other programs, and the words are the same."""
    return pytest.mark.parametrize("shell", [kind], indirect=True)
