"""The command line as Invoke reads it, and the length of the files that people read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from invoke.tasks import Task

import tasks

ROOT = Path(__file__).parents[2]
NAMES = sorted(tasks.namespace.task_names)
TARGETS = [path.stem for path in (ROOT / "deploy/inventory/targets").glob("*.yml")]
FILES = sorted(
    [*ROOT.glob("*.py"), *(ROOT / "deploy").rglob("*.py"), *(ROOT / "deploy").rglob("*.sh")]
)


def named(name: str) -> Task[object]:
    """The task of that name."""
    return tasks.namespace[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_a_line_and_every_flag_is_explained(name: str) -> None:
    assert (named(name).__doc__ or "").strip().endswith(".")
    assert [a.name for a in named(name).get_arguments() if not a.help] == []


def test_a_flag_that_has_no_default_has_to_be_given() -> None:
    positional = [
        argument.name for argument in named("scale").get_arguments() if argument.positional
    ]
    assert positional == ["env", "workers"]


def test_each_built_in_target_has_a_task_that_renders_it() -> None:
    """A new file in targets/ is a new task; nginx has one that knows more."""
    parts = {"render-" + one.replace("_server", "").replace("_", "-") for one in TARGETS}
    assert {name for name in NAMES if name.startswith("render-")} == {
        *parts,
        *("render-config", "render-units"),
    }


def test_a_part_of_render_writes_what_render_writes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_INVENTORY", str(ROOT / "inventory"))
    for name, more in (("render", ("haproxy",)), ("render-haproxy", ())):
        with pytest.raises(SystemExit) as ended:
            named(name).body(None, "topology", "", str(tmp_path / name), False, *more)
        assert ended.value.code == 0
    written = files_of(tmp_path / "render-haproxy")
    assert written == files_of(tmp_path / "render")
    assert any(path.endswith("haproxy.cfg") for path in written)


def test_render_writes_what_render_config_writes_and_tells_of_it_in_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_INVENTORY", str(ROOT / "inventory"))
    monkeypatch.setenv("CHAT_SPLUNK_HEC_TOKEN", "t0ken")
    for name in ("render", "render-config"):
        check = (False, "") if name == "render" else ()
        with pytest.raises(SystemExit) as ended:
            named(name).body(None, "production", "web1", str(tmp_path / name), *check)
        assert ended.value.code == 0
    written = files_of(tmp_path / "render-config/web1")
    assert "src/config/web.ts" in written
    assert written == files_of(tmp_path / "render/web1/_app")
    index = (tmp_path / "render/index.md").read_text()
    assert all(f"| ActionHero | {name} | - | - |" in index for name in written)


def test_units_are_written_without_a_host_where_systemctl_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEPLOY_INVENTORY", str(ROOT / "inventory"))
    with pytest.raises(SystemExit) as ended:
        named("render-units").body(None, "production", "web1", str(tmp_path), "/usr/bin/systemctl")
    assert ended.value.code == 0
    written = files_of(tmp_path / "web1/systemd")
    assert "User=deploy\n" in written["actionhero-srv-chat@.service"]
    assert "deploy ALL=(root) NOPASSWD: /usr/bin/systemctl start" in written["sudoers"]
    assert "web1: systemd-analyze: ok" in capsys.readouterr().out


def files_of(directory: Path) -> dict[str, str]:
    """Every file below it, by its path there."""
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_text() for path in found}


def test_a_task_takes_its_flags_from_python_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        named("status").body(None, "no-such-environment")
    assert ended.value.code == 2
    assert "no environment 'no-such-environment'" in capsys.readouterr().err


def test_help_behind_a_task_is_no_environment() -> None:
    words = [sys.executable, "-m", "invoke", "deploy", "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "prove on every host" in done.stdout
    assert "--revision" in done.stdout


def test_no_file_is_longer_than_250_lines() -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in FILES}
    assert {name: length for name, length in lengths.items() if length > 250} == {}
