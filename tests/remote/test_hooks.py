"""Hooks on a host: their environment, their limit, and what their failure does."""

from __future__ import annotations

from pathlib import Path

from deploy.shell import call
from deploy.steps.hooks import describe_run
from tests.remote.harness import Ran, Shell, step

FACTS = describe_run({"DEPLOY_RUN": "run1", "DEPLOY_USER": "o'hara $(touch no)"})


def run_hook(
    shell: Shell, command: str, *places: Path, on_failure: str = "stop", seconds: int = 20
) -> Ran:
    arguments = ("web1", command, seconds, on_failure, *map(str, places))
    return shell.run(
        step("run_hook", *arguments, undo=call("note", "gone back")),
        app={"TOKEN": "from the app"},
        before=[FACTS],
    )


def test_a_hook_finds_the_deploys_facts_in_its_environment(shell: Shell, tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = f'printf "%s|" "$DEPLOY_RUN" "$DEPLOY_USER" "$DEPLOY_HOST" "$TOKEN" "$PWD" >{told}'
    ran = run_hook(shell, command, tmp_path / "missing", tmp_path)
    assert ran.code == 0, ran.log
    assert told.read_text() == f"run1|o'hara $(touch no)|web1|from the app|{tmp_path}|"


def test_a_failing_hook_stops_as_declared(shell: Shell) -> None:
    ran = run_hook(shell, "echo why >&2; exit 3")
    assert ran.code == 1
    assert "the hook `echo why >&2; exit 3` ended with code 3" in ran.refusal
    assert [one["step"] for one in ran.of("undone")] == ["run_hook"]


def test_a_failing_hook_warns_as_declared(shell: Shell) -> None:
    ran = run_hook(shell, "exit 3", on_failure="warn")
    assert ran.code == 0
    assert "ended with code 3" in ran.warnings
    assert ran.of("undone") == []


def test_a_hook_that_hangs_is_ended(shell: Shell) -> None:
    ran = run_hook(shell, "sleep 60", seconds=1)
    assert "was ended after 1 s" in ran.refusal
