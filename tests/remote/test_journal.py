"""The journal: each step before and after, and when, and what a run that was cut off left."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from deploy.facts.journal import JournalState, parse_journal
from deploy.shell import Call, Secret, call
from tests.remote.harness import Shell, await_log, end_session, fact, finish, step

REVISION = "3f2a9c1" * 5 + "00000"


def entering(state: Path, run: str = "run1", *way: str) -> list[Call]:
    """What a stage of a run begins with."""
    enter = call("enter_stage", str(state), "prepare", run, 5, *way)
    return [enter, call("journal_target", REVISION, "r1")]


def journal(state: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state / "journal.jsonl").read_text().splitlines()]


def told(state: Path) -> list[tuple[str, ...]]:
    """Event, step and outcome of each line."""
    return [(one["event"], one["step"], one["outcome"]) for one in journal(state)]


def asked(shell: Shell, state: Path) -> JournalState:
    return parse_journal(shell.run(fact("show_journal", str(state / "journal.jsonl"))).answer)


def test_each_step_is_written_down_before_and_after(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    secret = Secret("TOKEN", "hunter2-hunter2")
    ran = shell.run(
        step("write_file", str(tmp_path / "env"), "600", secret),
        step("unchanged", "nothing to do"),
        before=entering(state),
    )
    assert ran.code == 0, ran.log
    assert told(state) == [
        ("entered", "", ""),
        ("started", "write_file", ""),
        ("finished", "write_file", "changed"),
        ("started", "unchanged", ""),
        ("finished", "unchanged", "unchanged"),
    ]
    assert {(one["run"], one["stage"]) for one in journal(state)} == {("run1", "prepare")}
    assert "hunter2" not in (state / "journal.jsonl").read_text()


def test_times_are_those_of_the_hosts_clocks(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    before = time.time()
    shell.run(step("note", "a"), before=entering(state))
    at = journal(state)[-1]["at"]
    ticks = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
    assert before - 1 <= at["time"] <= time.time()
    assert ticks - 3000 < at["ticks"] <= ticks


def test_what_is_undone_is_written_down(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    shell.run(
        step("note", "a", undo=call("note", "undone")),
        step("refuse", "no"),
        before=entering(state),
    )
    assert told(state)[-2:] == [("finished", "refuse", "failed"), ("undone", "note", "completed")]
    (state / "activating").write_text("run1")
    shell.run(step("note", "back"), before=entering(state, "run1", "back")[:1])
    assert told(state)[-1] == ("undone", "note", "changed")


def test_a_run_that_was_cut_off_is_told_with_its_target(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    work = step("run_build", str(tmp_path), "sleep 60 & echo begun >&2; wait", 60)
    stage = shell.start(step("note", "done"), work, before=entering(state))
    await_log(stage, "begun")
    end_session(stage, 9)
    finish(stage)
    left = asked(shell, state)
    assert left == JournalState("run1", REVISION, "r1", "", ("run_build",))
    assert left.is_cut_off
    shell.run(step("close_journal", str(state), "run1", "old"))
    assert not asked(shell, state).is_cut_off


def test_only_runs_on_their_way_to_a_revision_count(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    assert asked(shell, state) == JournalState()
    shell.run(step("note", "a"), before=entering(state))
    shell.run(step("note", "reload"), before=entering(state, "run2")[:1])
    assert asked(shell, state).run == "run1"
    with (state / "journal.jsonl").open("a") as file:
        file.write('{"run":"run1","ev')
    assert asked(shell, state).run == "run1", "a line that was cut off hides no other"


def test_old_lines_go_while_nothing_works(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    state.mkdir()
    (state / "journal.jsonl").write_text("".join(f'{{"old":{n}}}\n' for n in range(2600)))
    close = step("close_journal", str(state), "run1", "done")
    shell.run(close, before=entering(state))
    assert len(journal(state)) > 2600, "a stage works: it holds the stage lock"
    shell.run(close)
    assert len(journal(state)) == 2000
    assert journal(state)[-1]["event"] == "ended"


def test_a_journal_that_cannot_be_written_ends_no_step(shell: Shell, tmp_path: Path) -> None:
    state = tmp_path / ".deploy"
    (state / "journal.jsonl").mkdir(parents=True)
    ran = shell.run(step("note", "a"), before=entering(state))
    assert ran.outcomes == {"note": "changed"}
    assert "journal" not in ran.log
