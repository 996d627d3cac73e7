"""JUnit by the schema of Jenkins, JSON lines by their own: runs made here, and recorded ones."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

import tasks
from deploy import events
from deploy.app.piping import PageReport
from deploy.events import Event, event_kinds
from deploy.reports import Broadcast
from deploy.reports.jsonl import read_events
from deploy.reports.junit import JUnit
from deploy.reports.reference import SCHEMA, schema_text
from tests.pages.record import RECORDS
from tests.reports.runs import START, TAIL, large, recorded

HERE = Path(__file__).parent
XSD = HERE / "schemas" / "jenkins-junit.xsd"
RECORD = recorded(large(2, 2, "web2"))


def lines_of(record: Path) -> list[str]:
    return record.read_text("utf-8").splitlines()


def junit(run: Iterable[Event], path: Path) -> Any:
    """The file of a run, valid by the schema."""
    report = JUnit(path / "new" / "deploy.xml")
    for event in run:
        report.take(event)
    report.close()
    document = etree.parse(path / "new" / "deploy.xml")
    etree.XMLSchema(file=XSD).assertValid(document)
    return document


def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


def test_the_published_schema_is_current_and_is_one() -> None:
    """Made by `python -m deploy.reports.reference`."""
    assert SCHEMA.read_text("utf-8") == schema_text()
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("record", sorted(RECORDS.glob("*.jsonl")), ids=lambda record: record.stem)
def test_the_lines_of_a_recorded_run_are_valid(record: Path) -> None:
    check = validator()
    lines = lines_of(record)
    assert len(lines) > 20
    for line in lines:
        check.validate(json.loads(line))


def test_every_kind_of_event_is_known_to_the_schema_and_faults_are_found() -> None:
    check = validator()
    line = json.loads(recorded(large()).splitlines()[0])
    assert check.is_valid(line)
    assert check.is_valid({**line, "event": "moon_landed"})
    assert check.is_valid({**line, "since_9": 1})
    for fault in ({"hosts": "web1"}, {"run": 7}, {"time": None}):
        assert not check.is_valid({**line, **fault})
    for name in event_kinds():
        assert not check.is_valid({"time": line["time"], "event": name}), name


@pytest.mark.parametrize("record", sorted(RECORDS.glob("*.jsonl")), ids=lambda record: record.stem)
def test_the_junit_file_of_a_recorded_run_is_valid(record: Path, tmp_path: Path) -> None:
    run = list(read_events(lines_of(record)))
    document = junit(run, tmp_path)
    steps = [one for one in run if isinstance(one, events.StepFinished)]
    failed = {one.host for one in run if isinstance(one, events.HostFailed)}
    assert len(document.findall(".//testcase")) > len(steps)
    suites = {one.get("name") for one in document.findall("testsuite") if int(one.get("failures"))}
    assert suites == ({*failed, "run"} if failed else set())


def test_a_case_a_host_and_step_and_the_failed_one_says_why(tmp_path: Path) -> None:
    document = junit((event for _, event in large()), tmp_path)
    assert len(document.findall("testsuite")) == 41
    suite = document.find("testsuite[@name='web27']")
    names = [case.get("name") for case in suite]
    assert names == [
        *(f"prepare: {s}" for s in ("make_release", "install_node", "run_build_1")),
        "activate: boot_release",
    ]
    case = suite[-1]
    assert case.get("classname") == "production.web27"
    assert case[0].get("message") == "worker 3 ended while it started"
    assert case[0].text == "\n".join((*TAIL, "→ mend it, then deploy again"))
    assert document.getroot().get("failures") == "2"  # and the run itself


def test_what_failed_before_any_step_is_a_case_and_no_character_breaks_the_file(
    tmp_path: Path,
) -> None:
    evil = "\x1b[31mred\x00 \ufffe <&> ]]> \ud800"
    document = junit(
        [
            events.RunStarted("r1", "deploy", "production", ("web1.example.com",)),
            events.HostFailed("web1.example.com", "", evil, evil, (evil,)),
            events.HostFailed("", "lock", "the lock was lost"),
            events.RunFinished("r1", 1, evil, 1.0),
        ],
        tmp_path,
    )
    case = document.find("testsuite[@name='web1.example.com']/testcase")
    assert case.get("classname") == "production.web1_example_com"
    assert case[0].get("message") == "red ? <&> ]]> ?"
    names = [case.get("name") for case in document.findall("testsuite[@name='run']/testcase")]
    assert names == ["failed: lock", "deploy"]


def test_a_run_without_an_end_is_a_failure(tmp_path: Path) -> None:
    document = junit([events.RunStarted("r1", "deploy", "production", ())], tmp_path)
    assert document.find(".//failure").get("message") == "ended without a word"


def test_an_error_before_there_is_a_run_is_told_in_the_same_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inventory is wrong: nothing was asked, recorded or changed."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("DEPLOY_RUNS", str(tmp_path / "runs"))
    asked = {"env": "nowhere", "output": "github", "junit": str(tmp_path / "deploy.xml")}
    with pytest.raises(SystemExit) as ended:
        tasks.namespace["deploy"].body(None, **asked)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "\n::error::no environment 'nowhere'" in said.out
    assert said.err.startswith("error: no environment 'nowhere'")
    assert "exit code 2" in (tmp_path / "summary.md").read_text()
    document = etree.parse(tmp_path / "deploy.xml")
    etree.XMLSchema(file=XSD).assertValid(document)
    assert "no environment" in document.find(".//failure").get("message")
    assert not (tmp_path / "runs").exists()


def test_a_word_that_is_no_output_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_RUNS", str(tmp_path))
    (tmp_path / "r1.jsonl").write_text(RECORD)
    with pytest.raises(SystemExit) as ended:
        tasks.namespace["replay"].body(None, output="xml")
    assert ended.value.code == 2
    assert "one of terminal, json, github" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "r1", "one/r1.jsonl"])
def test_a_recorded_run_is_found_and_shown_with_its_own_times(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_RUNS", str(tmp_path / "one"))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "r1.jsonl").write_text(RECORD + '{"time": "2026')
    (tmp_path / "one" / "r0.jsonl").write_text("no record\n")
    run = str(tmp_path / name) if "/" in name else name
    with pytest.raises(SystemExit) as ended:
        tasks.namespace["replay"].body(None, run=run, junit=str(tmp_path / "j.xml"))
    assert ended.value.code == 0
    first = f"{START.astimezone():%H:%M:%S} deploy 3f2a9c1d3f to production: web1, web2\n"
    assert capsys.readouterr().out.startswith(first)
    assert etree.parse(tmp_path / "j.xml").find(".//failure") is not None
    with pytest.raises(SystemExit) as ended:
        tasks.namespace["replay"].body(None, run="r0")
    assert ended.value.code == 2
    assert "is no record of a run" in capsys.readouterr().err


def test_the_page_of_a_run_is_private_and_its_loss_ends_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, empty, page = RECORDS / "good.jsonl", tmp_path / "empty.jsonl", tmp_path / "new/run.html"
    empty.touch()
    lost = tmp_path / "empty.jsonl/run.html"
    emit = Broadcast([PageReport(page, good), PageReport(tmp_path / "no.html", empty)])
    emit.add(PageReport(lost, good))
    emit.close()
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text("utf-8").rstrip().endswith("</html>")
    assert not (tmp_path / "no.html").exists()
    said = capsys.readouterr().err
    assert said.startswith(f"! PageReport cannot go on, the run does: {lost} is not written")
    assert said.rstrip().endswith("later: invoke report good")
