"""How an audit is told: words for a person, JSON lines, SARIF, annotations; and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from deploy.app.auditing import judge
from deploy.checks.audit.rules import RULES
from deploy.reports.findings import print_findings
from tests.audit.scenes import read, scene
from tests.deploys import zygote
from tests.schemas import faults

PROJECT = Path(__file__).parents[2]
IDS = [rule.id for rule in RULES]
KNOWN = {"rule": "log_size", "reason": "100 % of it is needed: until May"}
TWO = [*read("pidfile_left")["bad"], *read("log_size")["bad"], *read("nginx_static")["bad"]]


def told(tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]) -> str:
    changes = [*TWO, {"inventory": {"audit": {"suppress": [KNOWN]}}}]
    found, suppressed = judge(scene(tmp_path, changes))
    print_findings(found, suppressed, RULES, "inventory/test.yml", output)
    return capsys.readouterr().out


def test_a_person_reads_what_where_and_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(tmp_path, "terminal", capsys)
    assert "pids/actionhero-worker-2" in text
    assert "4711: stale" in text
    assert "→ remove it when `invoke pids` says so" in text
    assert "suppressed: log_size web1: 100 % of it is needed: until May" in text
    assert f"{len(RULES)} rules: 0 errors, 2 warnings, 0 notices, 1 suppressed" in text


def test_json_is_a_finding_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) for line in told(tmp_path, "json", capsys).splitlines()]
    assert [(row["rule"], bool(row["suppressed"])) for row in rows] == [
        ("pidfile_left", False),
        ("nginx_static", False),
        ("log_size", True),
    ]
    assert rows[0]["host"] == "web1"


def test_sarif_names_rules_places_and_suppressions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(told(tmp_path, "sarif", capsys))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    known = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(known) == len(RULES)
    assert {result["ruleId"] for result in run["results"]} <= set(known)
    assert {result["level"] for result in run["results"]} <= {"error", "warning", "note"}
    first, *_, last = run["results"]
    place = first["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "inventory/test.yml"
    assert place["logicalLocations"][0]["fullyQualifiedName"] == ("web1/pids/actionhero-worker-2")
    assert "suppressions" not in first
    assert last["suppressions"][0]["justification"] == KNOWN["reason"]


def test_sarif_is_what_its_schema_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what each rule finds, with nothing, and with all of it suppressed."""
    every = [one for rule in IDS for one in judge(scene(tmp_path, read(rule)["bad"]))[0]]
    assert {one.rule.id for one in every} == set(IDS)
    known = [(one, "known: until May") for one in every]
    for found, suppressed in ((every, []), ([], []), ([], known)):
        print_findings(found, suppressed, RULES, "inventory/test.yml", "sarif")
        document = json.loads(capsys.readouterr().out)
        assert len(document["runs"][0]["results"]) == len(found) + len(suppressed)
        assert faults(document, document["$schema"]) == []


def test_annotations_are_one_line_each_and_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = told(tmp_path, "github", capsys).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("::warning file=inventory/test.yml,title=pidfile_left web1::web1: ")
    assert "%0A" in lines[0]


def audit(*flags: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = ["-r", str(PROJECT), "audit", "--env", "test", *flags]
    return zygote.run(words, os.environ, cwd)


def test_a_rule_explains_itself_without_asking_a_host(tmp_path: Path) -> None:
    said = audit("--explain", "nginx_max_fails", cwd=tmp_path)
    assert said.returncode == 0
    assert "7,016 answers of 502" in said.stdout
    assert "After:\n    server" in said.stdout


@pytest.mark.parametrize(
    "flags", [("--explain", "nothing"), ("--fail-on", "never"), ("--output", "xml")]
)
def test_a_word_that_is_not_known_is_refused_with_those_that_are(
    flags: tuple[str, str], tmp_path: Path
) -> None:
    said = audit(*flags, cwd=tmp_path)
    assert said.returncode == 2
    assert flags[1] in said.stderr
    assert "→ " in said.stderr
