"""What a terminal gets while a run is shown: a table that moves or, where none can, lines."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.reports.output import can_move
from tests.reports.runs import large, recorded

PROJECT = Path(__file__).parents[2]


def on_a_terminal(tmp_path: Path, **variables: str) -> str:
    """What a terminal gets while a large run is shown at once."""
    record = tmp_path / "run.jsonl"
    record.write_text(recorded(large(6, 2, "web3")), "utf-8")
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "invoke", "replay", "--run", str(record), "--speed", "0"]
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "", **variables}
    process = subprocess.Popen(
        words, cwd=PROJECT, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    got = b""
    try:
        while chunk := os.read(master, 65536):
            got += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    return got.decode()


def test_a_terminal_gets_a_table_and_its_cursor_back(tmp_path: Path) -> None:
    text = on_a_terminal(tmp_path)
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l") >= 0
    assert "\x1b[1A\x1b[2K" in text


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_who_wants_plain_lines_gets_them_with_times(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    text = on_a_terminal(tmp_path, **variables)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert sum(line[2:3] == line[5:6] == ":" for line in lines) > len(lines) - 12
    assert any("✗ boot_release: worker 3 ended" in line for line in lines)


def test_a_pipe_does_not_move() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        assert not can_move(stream, {"TERM": "xterm"})
    os.close(reading)
