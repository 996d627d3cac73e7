"""The JSON of `invoke status`: its keys are promised by docs/status.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.checks.status.rules import judge_fleet
from deploy.reports.status_json import status_line
from tests.status.scenes import AT, scene

DOCS = Path(__file__).parents[2] / "docs/status.md"


def look(name: str) -> dict[str, Any]:
    """A situation, as a program gets it."""
    view = scene(name)
    line = status_line(view, judge_fleet(view), AT)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def keys(value: object) -> set[str]:
    """Every key in it."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_every_key_is_in_the_docs() -> None:
    text = DOCS.read_text("utf-8")
    every = set().union(
        *(keys(look(name)) for name in ("all_well", "locked", "drift", "host_down"))
    )
    assert {key for key in every if f"`{key}`" not in text and f"`{key}[]`" not in text} == set()


def test_a_host_that_does_not_answer_has_the_same_keys() -> None:
    hosts = {one["host"]: one for one in look("host_down")["hosts"]}
    assert list(hosts["web2"]) == list(hosts["web1"])
    assert hosts["web2"]["reachable"] is False
    assert hosts["web2"]["revision"] is None
    assert hosts["web2"]["error"]


def test_a_fleet_that_is_well_says_so() -> None:
    found = look("all_well")
    assert found["well"] is True
    assert found["findings"] == []
    assert found["at"] == "2026-11-29T03:00:00+00:00"
    assert [one["proved"] for one in found["hosts"]] == [True, True, True]


def test_a_finding_names_its_hosts() -> None:
    (skew,) = look("version_skew")["findings"]
    assert (skew["id"], skew["host"], skew["hosts"]) == ("version_skew", "", ["web1"])
