"""What `deploy --resume` and `--only-failed` take up, from journals, records and histories."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.app import Flags
from deploy.app.looking import history_row
from deploy.app.resuming import Left, find_failed, find_left, refuse_flags
from deploy.errors import DeployError
from deploy.facts.journal import JournalState
from deploy.facts.releases import Pending, Release, ReleasesState

OLD, NEW = "1" * 40, "2" * 40
R1, R2 = "20261123T141502Z-aaaa", "20261123T151502Z-bbbb"
NONE: dict[str, ReleasesState | None] = {"web1": None, "web2": None}


def line(run: str, outcome: str, revision: str = NEW, **more: Any) -> str:
    record = {"run": run, "at": "2026-11-23T14:15:02+00:00", "who": "ann", "seconds": 12.5}
    return json.dumps({**record, "revision": revision, "outcome": outcome, **more})


def environment(strategy: str = "in_place") -> Any:
    return SimpleNamespace(strategy=strategy)


def test_a_run_that_was_cut_off_on_one_host_goes_on_everywhere() -> None:
    journals = {"web1": JournalState(R1, NEW, "r1", "done"), "web2": JournalState(R1, NEW, "r1")}
    assert find_left(NONE, journals) == Left(R1, NEW, "r1", ("web1", "web2"))


def test_a_run_that_ended_however_leaves_nothing() -> None:
    assert find_left(NONE, {"web1": JournalState(R1, NEW, "", "old")}) is None
    assert find_left(NONE, {"web1": JournalState()}) is None


def test_what_a_later_run_overtook_is_not_taken_up() -> None:
    journals = {"web1": JournalState(R2, NEW, "", "done"), "web2": JournalState(R1, OLD)}
    assert find_left(NONE, journals) is None


def test_what_is_pending_is_taken_up_where_the_journal_is_lost() -> None:
    release = Release("r1", NEW, is_complete=True, was_proved=False)
    state = ReleasesState((release,), pending=Pending(R1, "r1", "none"))
    found = find_left({"web1": state, "web2": ReleasesState()}, {"web1": JournalState()})
    assert found == Left(R1, NEW, "r1", ("web1", "web2"))


def test_only_the_hosts_that_failed_go_again_in_place() -> None:
    histories = {"web1": [line(R1, "done")], "web2": [line(R1, "done", OLD), line(R2, "old")]}
    found = find_failed(environment(), {}, histories)
    assert found == Left(R2, NEW, "", ("web2",))
    both = find_failed(environment("releases"), {}, histories)
    assert both == Left(R2, NEW, "", ("web1", "web2")), "all hosts go together, or none"


def test_nothing_failed_and_nothing_on_record_are_told_apart() -> None:
    assert find_failed(environment(), {}, {"web1": [line(R1, "unchanged")]}) is None
    with pytest.raises(DeployError, match="no deploy is on record"):
        find_failed(environment(), {}, {"web1": []})


def test_a_run_without_an_outcome_is_for_resume() -> None:
    with pytest.raises(DeployError, match="was cut off"):
        find_failed(environment(), {"web1": JournalState(R1, NEW)}, {"web1": [line(R1, "done")]})


@pytest.mark.parametrize(
    "flags",
    [
        Flags("lab", resume=True, only_failed=True),
        Flags("lab", resume=True, revision="main"),
        Flags("lab", resume=True, limit="web1"),
        Flags("lab", only_failed=True, limit="web1"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(flags: Flags) -> None:
    with pytest.raises(DeployError):
        refuse_flags(flags)


def test_a_line_of_the_history_tells_commits_and_duration() -> None:
    new = json.loads(line(R1, "done", commits=3, subjects=["Mend the login", "b", "c"]))
    assert history_row("web1", new)[4:7] == ["ann", "12.5 s", "3: Mend the login"]
    back = json.loads(line(R1, "done", taken_back=2, subjects=["Mend the login", "b"]))
    assert history_row("web1", back)[6] == "takes back 2: Mend the login"


def test_lines_of_older_versions_are_read() -> None:
    old = json.loads(line(R1, "done"))
    del old["seconds"]
    assert history_row("web1", old)[5:7] == ["", ""]
