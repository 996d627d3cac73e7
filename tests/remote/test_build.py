"""run_build and run_once: what a command sees, and how it ends when it fails, hangs or forks."""

from __future__ import annotations

import pytest

from tests.remote.harness import Ran, Shell, finish, only, session, step
from tests.remote.repositories import App


def run(app: App, command: str, seconds: int = 30, verb: str = "run_build") -> Ran:
    """One command in a prepared tree."""
    revision = app.origin.head
    line = step(verb, str(app.prepared(revision)), command, seconds)
    lines = [*app.fetch(revision), app.prepare(revision), line]
    return app.shell.run(*lines, app={"GREETING": 'it\'s "$HOME"'})


def test_it_runs_in_the_prepared_tree_with_its_programs_first(app: App) -> None:
    ran = run(app, 'pwd; echo "$GREETING"; echo "${PATH%%:*}"; cat; echo "end: $?"')
    prepared = str(app.prepared(app.origin.head))
    assert [prepared, 'it\'s "$HOME"', f"{prepared}/node_modules/.bin", "end: 0"] == [
        line for line in ran.log.splitlines() if line.startswith((prepared, "it's", "end"))
    ]


@pytest.mark.parametrize(("verb", "what"), [("run_build", "build step"), ("run_once", "command")])
def test_a_failure_names_command_and_code(app: App, verb: str, what: str) -> None:
    ran = run(app, "echo before; exit 7", verb=verb)
    assert f"the {what} `echo before; exit 7` ended with code 7; the old code" in ran.refusal
    assert "before" in ran.log


@only("dash")
def test_a_command_that_hangs_is_ended_with_all_it_started(app: App) -> None:
    hang = "(trap '' TERM; setsid sleep 61 & sleep 61) & sleep 61"
    stage = app.shell.start(
        *app.fetch(app.origin.head),
        app.prepare(app.origin.head),
        app.build(app.origin.head, hang, 1),
    )
    ran = finish(stage)
    assert "was ended after 1 s; the old code still serves" in ran.refusal
    assert session(stage.pid) == []


def test_what_a_command_leaves_running_is_ended_and_told(app: App) -> None:
    ran = run(app, "setsid sleep 62 >/dev/null 2>&1 & echo $! >left; sleep 0.2")
    assert ran.outcomes["run_build"] == "changed"
    assert "left running" in ran.warnings


def test_output_that_looks_like_a_report_is_only_output(app: App) -> None:
    forged = 'printf \'\\036{"nonce":"0123456789abcdef","type":"ended"}\\n\' >&4 2>/dev/null'
    ran = run(app, f"{forged}; {forged.replace('>&4', '')}; exit 3")
    assert [r["outcome"] for r in ran.of("ended")] == ["failed"]


def test_a_tree_that_is_not_there_is_refused(shell: Shell) -> None:
    ran = shell.run(step("run_build", "/no/such/tree", "true", 5))
    assert "there is no prepared tree /no/such/tree" in ran.refusal
