"""The command line as Invoke reads it, and the length of the files that people read."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.tasks import Task

import tasks

ROOT = Path(__file__).parents[2]
NAMES = sorted(tasks.namespace.task_names)
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


def test_a_task_takes_its_flags_from_python_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        named("status").body(None, "no-such-environment")
    assert ended.value.code == 2
    assert "no environment 'no-such-environment'" in capsys.readouterr().err


def test_no_file_is_longer_than_250_lines() -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text("utf-8").splitlines()) for f in FILES}
    assert {name: length for name, length in lengths.items() if length > 250} == {}
