"""Nobody is asked without a terminal; and with one, on standard error, whatever is typed."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
INVENTORY = """\
protected: true
app: {name: chat, repository: "git@127.0.0.1:chat.git", path: /srv/chat}
roles: {server: {serves: true}}
hosts: {web1: {address: 127.0.0.1, port: 1, roles: [server]}}
"""
ASK = (
    "from deploy.app import guarded; from deploy.app.asking import ask\n"
    "raise SystemExit(guarded(lambda: ask('Sure?', 'yes', why='it is', hint='so',"
    " refusal='nobody said yes') or 0))"
)


@pytest.mark.parametrize(
    ("task", "output"), [("deploy", "json"), ("rollback", "terminal"), ("configure", "terminal")]
)
def test_a_protected_environment_is_refused_at_once_where_nobody_can_answer(
    tmp_path: Path, task: str, output: str
) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "production.yml").write_text(INVENTORY)
    words = [sys.executable, "-m", "invoke", task, "--env", "production", "--output", output]
    variables = {"DEPLOY_INVENTORY": str(tmp_path / "inventory"), "DEPLOY_RUNS": str(tmp_path)}
    done = subprocess.run(
        words,
        cwd=PROJECT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "production is protected, and there is no terminal to ask" in done.stderr
    assert "--yes" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("typed", "code"), [(b"yes\n", 0), (b"no\n", 2), (b"\n", 2), (b"\x04", 2)], ids=str
)
def test_an_answer_is_what_was_typed_and_an_end_of_file_is_none(typed: bytes, code: int) -> None:
    master, slave = pty.openpty()
    os.write(master, typed)
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=PROJECT, stdin=slave, capture_output=True, text=True
    )
    os.close(slave)
    os.close(master)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("Sure? ")
    assert "Traceback" not in done.stderr


def test_one_place_asks() -> None:
    """Whatever else read from a person would not look whether there is one."""
    asks = re.compile(r"\binput\(|stdin\.read|getpass\.getpass\(|Prompt\.ask|Confirm\.ask")
    found = {
        file.name
        for file in (PROJECT / "deploy").rglob("*.py")
        if asks.search(file.read_text("utf-8"))
    }
    assert found == {"asking.py"}
