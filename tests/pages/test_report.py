"""Reports of recorded runs in a real Chromium: nothing is asked of the network, all can read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.app.reporting import report
from deploy.reports.records import read_record
from tests.pages.browser import Page
from tests.pages.conftest import LOOKS, grave
from tests.pages.record import RECORDS

HOSTILE = """</script></style><img src=x onerror="document.title='hit'">"""


@pytest.mark.parametrize("record", ["good", "failed"])
def test_everybody_can_read_it(page: Page, axe: str, tmp_path: Path, record: str) -> None:
    file = tmp_path / "report.html"
    assert report(str(RECORDS / f"{record}.jsonl"), str(file)) == 0
    for width, dark, rule in LOOKS:
        page.open(file, width, dark=dark)
        assert (page.errors, page.requests) == ([], [])
        assert page.run("document.documentElement.scrollWidth") == width
        shown = page.run(
            "[...document.querySelectorAll('section svg[role=img]')]"
            ".filter(one => one.getBoundingClientRect().width).length"
        )
        assert shown == {"good": 3, "failed": 2}[record]
        page.run("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert grave(page, axe, rule) == []


def test_what_is_hostile_is_only_text(page: Page, tmp_path: Path) -> None:
    """A commit's subject, an author, what a command printed: anybody may have written them."""
    lines = [hostile(json.loads(line)) for line in open_record("failed")]
    lines += [hostile(json.loads(line)) for line in open_record("good")][1:-1]
    record, file = tmp_path / "run.jsonl", tmp_path / "report.html"
    record.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_record(record)
    report(str(record), str(file))
    page.open(file)
    assert page.run("document.title").endswith(f"to {HOSTILE}")
    assert page.run("document.querySelectorAll('img, script').length") == 0
    assert (page.errors, page.requests) == ([], [])
    assert page.run("document.body.innerText").count("onerror") > 20


def hostile(event: dict[str, Any]) -> dict[str, Any]:
    """Every free text of an event, replaced; words that the program itself chooses stay."""
    own = {"time", "event", "stage", "step", "outcome", "revision", "hosts", "host", "plan", "at"}
    return {key: value if key in own else _hostile(value) for key, value in event.items()}


def _hostile(value: Any) -> Any:
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, list):
        return [_hostile(one) for one in value]
    if isinstance(value, dict):
        return {key: one if key in ("at", "event") else _hostile(one) for key, one in value.items()}
    return value


def open_record(name: str) -> list[str]:
    return (RECORDS / f"{name}.jsonl").read_text("utf-8").splitlines()
