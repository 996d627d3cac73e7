"""Files of programs on a host: what is there, staged copies, and what the program says of them."""

from __future__ import annotations

import os
import pwd
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.shell import Secret
from tests.remote.nginx_place import Place


def test_what_is_there_is_told_with_type_mode_and_content(place: Place, tmp_path: Path) -> None:
    odd = tmp_path / "etc" / "odd"
    odd.write_bytes(b"one\0two\n\n\xff")
    odd.chmod(0o640)
    (tmp_path / "etc" / "link").symlink_to("odd")
    (tmp_path / "etc" / "dir").mkdir()
    paths = [tmp_path / "etc" / name for name in ("odd", "link", "dir", "none")]
    state = place.look(*paths, tmp_path / "nowhere" / "x")
    found = [state.files[str(path)] for path in paths]
    assert [one.kind for one in found] == ["file", "link", "directory", "absent"]
    assert (found[0].content, found[0].mode, found[0].fault) == (b"one\0two\n\n\xff", "0640", "")
    assert found[0].user == odd.owner()
    assert found[1].link == "odd"
    assert state.files[str(tmp_path / "nowhere" / "x")].fault == (
        f"the directory {tmp_path}/nowhere is not there"
    )
    assert state.installed == {}


def test_what_may_not_be_read_or_written_is_told(place: Place) -> None:
    """As somebody who is not root: root may read and write everything."""
    nobody = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    place.shell = replace(place.shell, user=nobody)
    with TemporaryDirectory() as closed:  # pytest's own directories are closed to others
        file = Path(closed, "file")
        file.touch()
        Path(closed).chmod(0)
        state = place.look(file)
        Path(closed).chmod(0o755)
    assert state.files[str(file)].fault == "Permission denied"


def test_staged_files_are_for_nobody_else(place: Place) -> None:
    ran = place.run(*place.stage("text", "trial"))
    assert ran.code == 0, ran.log
    config = Path(place.state, "config")
    assert config.stat().st_mode & 0o777 == 0o700
    new = Path(f"{config}/new{place.file}")
    assert (new.read_text(), Path(place.trial).read_text()) == ("text", "trial")
    assert new.stat().st_mode & 0o777 == 0o600


def test_a_check_that_says_no_is_told_in_its_words_with_the_line(place: Place) -> None:
    wrong = place.text("new").replace("access_log off", "acces_log off")
    ran = place.run(*place.stage(wrong), place.check())
    assert ran.outcomes["check_files"] == "failed"
    assert f'unknown directive "acces_log" in {place.file}:5' in ran.refusal
    assert f"{place.file}:5:     acces_log off;" in ran.refusal
    assert place.file.read_text() == place.text("old")


def test_a_check_that_says_yes_lets_the_stage_go_on(place: Place) -> None:
    ran = place.run(*place.stage(place.text("new")), place.check())
    assert ran.code == 0, ran.log
    assert ran.outcomes["check_files"] == "changed"


def test_what_a_program_says_is_for_nobody_else(place: Place) -> None:
    """It may tell a secret that its files have."""
    ran = place.run(*place.stage(place.text("new")), place.check())
    assert ran.code == 0, ran.log
    assert Path(place.state, "config/said").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("word", ["no-such-program -t", "/usr/sbin/no-such-program -t"])
def test_a_program_that_is_not_there_is_told(place: Place, word: str) -> None:
    ran = place.run(*place.stage("x"), place.check(word))
    assert "nginx needs a program that is not on this host" in ran.refusal
    assert "no-such-program" in ran.refusal


def test_a_command_finds_secrets_in_its_environment_only(place: Place) -> None:
    ran = place.run(
        *place.stage("x"),
        place.check('[ "$TOKEN" = s3cr3t ]'),
        app={"TOKEN": Secret("TOKEN", "s3cr3t")},
    )
    assert ran.code == 0, ran.log
    assert "s3cr3t" not in ran.log
