"""Each rule finds its wrong fixture, nothing in its right one, and has its section in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.app.auditing import judge
from deploy.checks.audit import SEVERITIES
from deploy.checks.audit.reference import PAGE, page
from deploy.checks.audit.rules import RULES
from tests.audit.scenes import FIXTURES, read, scene

IDS = [rule.id for rule in RULES]
ROOM = Path(__file__).parents[2] / "deploy/checks/audit"
GOLDEN = ROOM.parents[2] / "tests/unit/test_render/golden"
NO_RULES = {"__init__", "rules", "reference"}


def test_a_production_that_is_as_it_should_be_has_no_findings(tmp_path: Path) -> None:
    found, suppressed = judge(scene(tmp_path, []))
    assert [(one.rule.id, one.host, one.message) for one in found] == []
    assert suppressed == []


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_finds_its_wrong_fixture_and_nothing_else_does(rule: str, tmp_path: Path) -> None:
    found, _ = judge(scene(tmp_path, read(rule)["bad"]))
    assert {one.rule.id for one in found} == {rule}
    assert all(one.place and one.value for one in found)


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_finds_nothing_in_its_right_fixture(rule: str, tmp_path: Path) -> None:
    nearly = read(rule)["good"]
    assert nearly
    found, _ = judge(scene(tmp_path, nearly))
    assert rule not in {one.rule.id for one in found}


def test_there_are_thirty_rules_and_each_file_is_one() -> None:
    assert len(IDS) >= 30
    assert len(set(IDS)) == len(IDS)
    assert {path.stem for path in ROOM.glob("*.py")} - NO_RULES == set(IDS)
    assert {path.stem for path in FIXTURES.glob("*.json")} - {"base"} == set(IDS)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_says_all_that_is_to_be_said(rule: object) -> None:
    for word in ("what", "why", "source", "mend", "before", "after"):
        assert getattr(rule, word), word
    assert rule.severity in SEVERITIES  # type: ignore[attr-defined]
    assert rule.before != rule.after  # type: ignore[attr-defined]


def test_the_page_is_made_from_the_rules() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(), "run python -m deploy.checks.audit.reference"
    assert {rule for rule in IDS if f"\n### `{rule}`\n" in text} == set(IDS)


def test_what_the_inventory_suppresses_is_told_apart_with_its_reason(tmp_path: Path) -> None:
    known = {"rule": "pidfile_left", "reason": "moves next week", "hosts": ["web1"]}
    changes = [{"inventory": {"audit": {"suppress": [known]}}}]
    for host in ("web1", "web2"):
        wrong = ["actionhero-worker-2\t12", "actionhero-worker-2\t4711"]
        changes.append({"answer": [host, "cluster", *wrong]})
    found, suppressed = judge(scene(tmp_path, changes))
    assert [(one.rule.id, one.host) for one in found] == [("pidfile_left", "web2")]
    assert [(one.host, reason) for one, reason in suppressed] == [("web1", "moves next week")]


@pytest.mark.parametrize("name", ["releases", "defaults", "everything"])
def test_nothing_is_found_in_the_nginx_conf_that_we_render(name: str, tmp_path: Path) -> None:
    text = (GOLDEN / f"nginx-{name}.conf").read_text("utf-8")
    found, _ = judge(scene(tmp_path, [{"nginx_text": text}]))
    assert [(one.rule.id, one.message) for one in found] == []
