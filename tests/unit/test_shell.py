"""Quoting, secrets and the loader: what reaches a shell is what was meant, under every shell."""

from __future__ import annotations

import subprocess

import pytest

from deploy.errors import DeployError
from deploy.shell import Line, Secret, call, compile_script, exports, loader_command, quote

NASTY = ["", "it's", 'a "b" c', "$(reboot)", "`id`", "a\nb", "\\", "*", "-n", "é ☂", "a\tb", "!x"]
SHELLS = [["dash"], ["busybox", "sh"], ["bash", "--posix"]]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
@pytest.mark.parametrize("text", NASTY)
def test_a_quoted_word_is_the_text(text: str, shell: list[str]) -> None:
    done = subprocess.run(
        [*shell, "-c", f"printf %s {quote(text)}"], capture_output=True, text=True
    )
    assert done.stdout == text


def test_nul_is_refused() -> None:
    with pytest.raises(DeployError, match="NUL"):
        quote("a\0b")


def test_a_name_that_is_no_variable_is_refused() -> None:
    with pytest.raises(DeployError, match=r"x;reboot"):
        exports({"x;reboot": "1"})


def test_a_secret_shows_nowhere() -> None:
    secret = Secret("TOKEN", "hunter2")
    one = call("note", secret)
    assert "hunter2" not in f"{secret} {secret!r} {one} {one!r}"
    assert b"hunter2" in compile_script([Line("n", one)], nonce="n")


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_script_that_is_cut_off_does_not_run(shell: list[str]) -> None:
    script = compile_script([Line("n", call("note", "x" * 100_000))], nonce="n")
    command = loader_command(len(script)).replace("exec sh", f"exec {' '.join(shell)}")
    whole = subprocess.run(["sh", "-c", command], input=script, capture_output=True)
    assert (whole.returncode, whole.stdout.count(b"\x1e")) == (0, 4)
    cut = subprocess.run(["sh", "-c", command], input=script[:-20], capture_output=True)
    assert (cut.returncode, cut.stdout) == (97, b"")


def test_an_unknown_verb_is_refused() -> None:
    with pytest.raises(DeployError, match="no verb 'reboot'"):
        compile_script([Line("n", call("reboot"))], nonce="n")
