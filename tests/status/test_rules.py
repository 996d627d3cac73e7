"""What stands out of recorded fleets: pages as a person reads them, and each rule by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.checks.status import Finding
from deploy.checks.status.rules import RULES, is_well, judge_fleet
from tests.status.scenes import (
    GOLDEN,
    NAMES,
    drawn,
    environment_of,
    fleet_of,
    golden,
    recorded,
    scene,
)

DOCS = Path(__file__).parents[2] / "docs/status.md"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_as_a_person_read_it(name: str) -> None:
    """`python -m tests.status.scenes` draws them anew."""
    assert golden(scene(name)) == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_there_are_twelve_situations() -> None:
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_folded_and_no_line_is_longer_than_the_terminal(name: str) -> None:
    for width in (50, 80, 120, 160):
        lines = drawn(scene(name), width).splitlines()
        assert max(map(len, lines)) <= width
        heads = [at for at, line in enumerate(lines) if line.startswith("host ")]
        for at in heads:
            assert [line.split()[1] for line in lines[at + 1 : at + 4]] == ["web1", "web2", "jobs1"]
            assert lines[at + 4] == ""


def test_what_stands_out_is_at_the_top_where_the_end_is_cut_off() -> None:
    lines = drawn(scene("dead_worker"), 80, "every 5 s").splitlines()
    assert lines[0].endswith("every 5 s")
    assert lines[1] == drawn(scene("dead_worker"), 80).splitlines()[-1]
    assert "dead_worker" in lines[2]


def told(*changes: tuple[str, str, str, str]) -> dict[str, Finding]:
    """By id, what is found of changed answers: host, fact, old text (none: at the end), new."""
    said: dict[str, Any] = recorded("all_well")
    for host, fact, old, new in changes:
        answers = said[host]["answers"]
        assert old in answers[fact], answers[fact]
        answers[fact] = answers[fact].replace(old, new) if old else answers[fact] + new
    found = judge_fleet(fleet_of(environment_of("all_well"), said))
    return {one.rule.id: one for one in found}


def field(fact: str, kind: str, at: int = 1) -> str:
    """A value of web1's, as it was recorded."""
    text: str = recorded("all_well")["web1"]["answers"][fact]
    return next(row.split("\t")[at] for row in text.splitlines() if row.startswith(f"{kind}\t"))


def row(fact: str, kind: str) -> str:
    """A line of web1's."""
    text: str = recorded("all_well")["web1"]["answers"][fact]
    return next(line for line in text.splitlines() if line.startswith(f"{kind}\t"))


def moments(kind: str, seconds_ago: int, count: int) -> str:
    """Lines of look_state that tell of workers that ended."""
    from datetime import datetime, timezone

    at = datetime.fromtimestamp(int(field("look", "time")) - seconds_ago, timezone.utc)
    return f"\n{kind}\t{at:%Y-%m-%dT%H:%M:%S}" * count


def test_nothing_is_told_of_a_fleet_that_is_well() -> None:
    assert told() == {}


@pytest.mark.parametrize(
    ("rule", "fact", "old", "new"),
    [
        ("surplus_worker", "cluster", "workers\t2", "workers\t1"),
        ("cut_off", "tree", "interrupted=no", "interrupted=yes"),
        ("changed_tree", "tree", "dirty_count=0", "dirty= M actions/pay.js\ndirty_count=1"),
        ("stale_pidfile", "cluster", "", "\npidfile\tweb1-worker-9\tno number"),
        ("disk_full", "machine", row("machine", "disk"), "disk\t1000"),
        ("disk_full", "machine", row("machine", "inodes"), "inodes\t99"),
        ("little_memory", "machine", row("machine", "memory"), "memory\t9000"),
        ("much_swap", "look", row("look", "SwapTotal"), "SwapTotal\t1000\nSwapFree\t400"),
        ("high_load", "look", row("look", "load"), "load\t1.0\t40.5\t3.0"),
        ("replaced_node", "cluster", "/node\t", "/node (deleted)\t"),
        ("node_skew", "machine", row("machine", "node"), "node\tv8.17.0"),
        ("packages_skew", "look", row("look", "key"), "key\tffffffffffff"),
        ("crashes", "look", "", moments("crash", 5, 2)),
        ("doomed_master", "look", "", moments("crash", 5, 5)),
        ("crash_loop", "look", "", moments("exit", 5, 5)),
    ],
)
def test_a_rule_finds_what_it_looks_for_and_no_other_does(
    rule: str, fact: str, old: str, new: str
) -> None:
    found = told(("web1", fact, old, new))
    assert set(found) - {"unproved"} == {rule}
    place = found[rule].place
    assert "web1" in (place.host, *place.marked)
    assert place.what
    assert place.mend


def test_crashes_of_long_ago_and_of_the_master_before_doom_nobody() -> None:
    now = row("cluster", "boot")
    later = ("web1", "cluster", now, f"{now}0")  # the master is that much older
    assert told(("web1", "look", "", moments("crash", 25, 9))) == {}
    assert told(later, ("web1", "look", "", moments("crash", 31, 9))) == {}
    assert set(told(later, ("web1", "look", "", moments("crash", 25, 9)))) == {"doomed_master"}


def test_a_process_from_before_the_checkout_runs_old_code() -> None:
    boot = field("cluster", "boot")
    moved = f"\nactivated\tboot\t{boot}\nactivated\tticks\t999999999"
    found = told(("web1", "cluster", "", moved))
    assert found["old_code"].place.what.count(",") == 2  # both workers, and a clause
    assert "invoke reload --env production --limit web1" in found["old_code"].place.mend


def test_a_second_master_is_told() -> None:
    first = next(
        line
        for line in recorded("all_well")["web1"]["answers"]["cluster"].splitlines()
        if line.startswith("process\t") and "start\x1fcluster" in line
    )
    kind, _pid, rest = first.split("\t", 2)
    found = told(("web1", "cluster", "", f"\n{kind}\t999998\t{rest}"))
    assert "two_masters" in found
    assert "dead_worker" not in found


def test_the_last_deploy_that_went_back_is_a_note() -> None:
    last = {"revision": "ab" * 20, "outcome": "old", "who": "ann", "task": "deploy", "run": "r1"}
    found = told(("web1", "deploys", "", f"\n{json.dumps(last)}"))
    assert set(found) == {"last_failed"}
    assert is_well([*found.values()])


def test_what_a_host_could_not_tell_is_a_row_with_the_reason() -> None:
    said = recorded("all_well")
    del said["web1"]["answers"]["machine"]
    view = fleet_of(environment_of("all_well"), said)
    assert "✗ web1 unreachable: machine: the host could not tell" in drawn(view, 120)


def test_what_would_steer_a_terminal_is_not_drawn() -> None:
    said = recorded("all_well")
    said["web1"]["answers"]["lock"] = "who=\x1b[31mann\nrun=r1"
    view = fleet_of(environment_of("all_well"), said)
    assert "\x1b" not in drawn(view, 120)
    assert "·[31mann" in drawn(view, 120)


def test_the_page_in_the_docs_is_one_of_them() -> None:
    page = drawn(scene("dead_worker"), 80).splitlines()
    assert "\n".join(f"    {line}".rstrip() for line in page) in DOCS.read_text("utf-8")


def test_every_rule_has_its_line_in_the_docs() -> None:
    text = DOCS.read_text("utf-8")
    for rule in RULES:
        assert f"`{rule.id}`" in text
    assert len({rule.id for rule in RULES}) == len(RULES)
