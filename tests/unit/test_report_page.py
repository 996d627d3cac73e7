"""What a page says of recorded runs: bars, bands, plan against what happened; and of which run."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.app.reporting import page, report
from deploy.errors import DeployError
from deploy.events import HostFailed, TrafficRead
from deploy.reports.page import group_alike
from deploy.reports.page.comparison import compare_plan
from deploy.reports.page.scale import Scale, clock, stagger
from deploy.reports.page.story import Story, tell
from deploy.reports.page.timeline import NARROW, WIDE, draw_timeline
from deploy.reports.page.traffic import draw_traffic, summarize
from deploy.reports.records import find_record, read_record
from invoking import _words

RECORDS = Path(__file__).parents[1] / "pages" / "records"
GOOD, FAILED = RECORDS / "good.jsonl", RECORDS / "failed.jsonl"


def rows(record: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in record.read_text("utf-8").splitlines()]


def story_of(record: Path) -> Story:
    return tell(read_record(record))


@pytest.mark.parametrize("record", [GOOD, FAILED], ids=["good", "failed"])
def test_every_step_of_every_host_is_a_bar_on_its_lane(record: Path) -> None:
    story = story_of(record)
    steps = [
        (r["host"], r["stage"], r["step"]) for r in rows(record) if r["event"] == "step_finished"
    ]
    bars = [(one.host, one.stage, one.step) for one in story.bars]
    assert [one for one in bars if one[1] not in ("connect", "inspect")] == steps
    for width in (WIDE, NARROW):
        drawn = draw_timeline(story, width)
        assert len(drawn.bars) == len(bars)
        assert all(one.x >= 0 and one.x + one.width <= width for one in drawn.bars)
        for host in story.hosts:
            lane = sorted((o.x, o.x + o.width) for o in drawn.bars if o.bar.host == host)
            overlaps = [b[0] - a[1] for a, b in pairwise(lane)]
            assert min(overlaps) >= -2.1, "a bar is at least 2 wide, and meets no other else"


def test_batches_gates_pauses_and_the_proof_are_on_the_timeline() -> None:
    story = story_of(GOOD)
    names = [band.name for band in story.bands]
    assert names == ["prepare", "activate 1/2", "pause", "activate 2/2", "decide", "confirm"]
    assert all(a.end <= b.start + 0.01 for a, b in pairwise(story.bands))  # type: ignore[operator]
    assert {bar.host for bar in story.bars if bar.kind == "gate"} == {"web1", "web2", "jobs1"}
    assert story.state == "done"
    assert (story.proved, story.proved_after) == (pytest.approx(15.35, abs=0.1), 15.78)


def test_of_a_failed_run_its_last_lines_come_first() -> None:
    text = page(read_record(FAILED))
    tail = next(r["tail"] for r in rows(FAILED) if r["event"] == "host_failed")
    assert isinstance(tail, list)
    assert tail[-1] == "Node.js v20.20.2"
    order = ["<h1>", "boot_release", tail[-1], 'id="hosts"', 'id="timeline"', 'id="commits"']
    places = [text.index(one) for one in order]
    assert places == sorted(places)


def test_plan_against_what_happened() -> None:
    stages = {stage.name: stage for stage in compare_plan(story_of(FAILED))}
    boot = next(row for row in stages["activate, batch 2 of 2"].rows if row.step == "boot_release")
    assert {(one.word, one.hosts) for one in boot.happened} == {
        ("failed", "web2"),
        ("done", "jobs1"),
    }
    (decide,) = stages["decide"].rows
    assert [one.word for one in decide.happened] == ["not reached"]
    assert decide.seconds is None
    assert {row.step for row in stages["in no plan"].rows} == {"boot_release", "switch_live"}
    assert "in no plan" not in {stage.name for stage in compare_plan(story_of(GOOD))}


def test_a_run_that_was_killed_is_cut_off_where_it_was(tmp_path: Path) -> None:
    lines = GOOD.read_text("utf-8").splitlines()
    last = next(
        n for n, line in enumerate(lines) if '"step_started"' in line and "watch_gate" in line
    )
    record = tmp_path / "run.jsonl"
    record.write_text("\n".join([*lines[: last + 1], lines[last + 1][:50]]))
    story = story_of(record)
    assert story.state == "cut off"
    assert [(one.step, one.kind) for one in story.bars if one.outcome == "cut off"] == [
        ("watch_gate", "failed")
    ]
    assert "its record has no end" in page(read_record(record))


def test_traffic_before_and_after_the_switch() -> None:
    switches = (
        {"at": 100, "step": "switch_live", "event": "started"},
        {"at": 101, "step": "switch_live", "event": "finished"},
    )
    counts = [(98, 10, 0, 5, 20), (100, 30, 0, 7, 30), (101, 20, 5, 50, 900)]
    keys = ("at", "requests", "errors", "median", "slow")
    read = TrafficRead(
        "web1",
        "/log",
        "",
        switches,
        1,
        0,
        tuple(dict(zip(keys, one, strict=True)) for one in counts),
    )
    before, after = summarize(read)
    assert (before.requests, before.errors, before.median, before.slow) == (40, 0, 7, 30)
    assert (after.requests, after.errors, after.median, after.slow) == (20, 5, 50, 900)
    chart = draw_traffic(read, WIDE)
    assert chart is not None
    assert chart.rows[2].height == pytest.approx(4 * chart.rows[2].errors_height)
    assert [mark.text for mark in chart.marks] == ["switch"]
    assert draw_traffic(replace(read, rows=()), WIDE) is None


def test_what_a_reload_took_is_told_apart() -> None:
    switches = (
        {"at": 100, "step": "reload_cluster", "event": "started"},
        {"at": 104, "step": "reload_cluster", "event": "finished"},
    )
    rows = tuple(
        {"at": at, "requests": 10, "errors": errors, "median": 5, "slow": 9}
        for at, errors in ((98, 0), (99, 0), (100, 1), (103, 2), (104, 0), (105, 0))
    )
    spans = summarize(TrafficRead("web1", "/log", "", switches, 1, 0, rows))
    assert [(one.name, one.requests, one.errors) for one in spans] == [
        ("before", 20, 0),
        ("meanwhile", 20, 3),
        ("from then on", 20, 0),
    ]


def test_files_that_differ_alike_stand_once() -> None:
    story = story_of(GOOD)
    same = [
        replace(one, destination="/etc/x", verdict="changed", diff=("+a",)) for one in story.files
    ]
    assert [hosts for hosts, _ in group_alike(same)] == [["web1", "web2", "jobs1"]]


def test_hosts_that_failed_alike_stand_together() -> None:
    failed = [HostFailed(host, "boot_release", "it ended", "look", ("a",)) for host in "abc"]
    other = HostFailed("d", "boot_release", "it ended", "look", ("b",))
    assert [hosts for hosts, _ in group_alike([*failed, other])] == [["a", "b", "c"], ["d"]]
    text = page([read_record(FAILED)[0], *((read_record(FAILED)[0][0], one) for one in failed)])
    assert text.count("it ended") == 1
    assert "a, b, c" in text


def test_a_dry_run_and_a_run_that_failed_at_once_have_a_page() -> None:
    timed = read_record(GOOD)
    first = timed[0]
    assert "activate, batch 2 of 2" in page(
        [first, next(one for one in timed if "Planned" in repr(one))]
    )
    said = page([first, (first[0], HostFailed("web1", "connect", "no answer"))])
    assert "no answer" in said
    assert "Timeline" not in said


def test_which_run_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_RUNS", str(tmp_path))
    with pytest.raises(DeployError, match="has no record of deploy"):
        find_record("")
    for number, task in enumerate(("deploy", "deploy", "reload")):
        line = {"time": "2026-11-29T00:00:00+00:00", "event": "run_started", "run": "x"}
        line |= {"task": task, "environment": "lab", "hosts": []}  # type: ignore[dict-item]
        (tmp_path / f"2026112{number}.jsonl").write_text(json.dumps(line) + "\n")
    assert find_record("").stem == "20261121", "a reload is no run that anybody asks for"
    assert find_record("20261122").stem == "20261122"
    with pytest.raises(DeployError, match="3 records of run 2026112"):
        find_record("2026112")
    with pytest.raises(DeployError, match="cannot be read"):
        report(str(tmp_path / "none.jsonl"), str(tmp_path / "out.html"))
    target = tmp_path / "out.html"
    assert report("20261120", str(target)) == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_run_is_a_bare_word_that_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, tuple[object, str]] = {"run": (None, ""), "out": ("", "")}
    for line, words in {
        "invoke report": [],
        "invoke report 2026": ["run"],
        "invoke report --out x": [],
        "invoke report --out x 2026": ["run"],
        "invoke report --out=x 2026": ["run"],
        "invoke deploy --env x": [],
    }.items():
        monkeypatch.setattr(sys, "argv", line.split())
        assert _words("report", known) == words, line
    assert _words("deploy", {"env": ("", "")}) is None


def test_scales() -> None:
    scale = Scale(-10, 50, 0, 600)
    assert [scale.place(one) for one in (-99, 0, 50)] == [0, 100, 600]
    assert [text for _, text in scale.ticks(100)] == [
        "\N{MINUS SIGN}10 s",
        "0 s",
        "10 s",
        "20 s",
        "30 s",
        "40 s",
        "50 s",
    ]
    assert (clock(150), clock(0.25, 0.01)) == ("2:30 min", "0.25 s")
    assert stagger([(0, 10), (5, 8), (12, 20), (9, 30)]) == [0, 1, 0, 1]
