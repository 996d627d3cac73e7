"""What the soak calls a violation when many controllers deploy at once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.deploys.harness import Said
from tests.lab.soak_controllers import Turn, judge_codes, judge_turns

NOON = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


def turn(began: int, taken: int, ended: int, ticket: int) -> Turn:
    """Seconds after noon."""
    times = (NOON + timedelta(seconds=second) for second in (began, taken, ended))
    return Turn(*times, ticket)


@pytest.mark.parametrize(
    ("turns", "fault"),
    [
        ([turn(0, 1, 5, 0), turn(2, 6, 7, 1), turn(3, 8, 9, 2)], ""),
        ([turn(0, 1, 5, 0), turn(2, 4, 7, 1)], "two held the lock at once"),
        ([turn(0, 1, 5, 0), turn(3, 6, 7, 2), turn(2, 8, 9, 1)], "ticket 2 went before ticket 1"),
        ([turn(0, 1, 5, 0), turn(3, 6, 7, 0), turn(2, 8, 9, 1)], "ticket 0 went before ticket 1"),
        ([turn(1, 2, 5, 7), turn(6, 7, 9, 1)], ""),
    ],
    ids=["in order", "at once", "overtaken", "barged in", "an empty queue counts anew"],
)
def test_turns(turns: list[Turn], fault: str) -> None:
    found = judge_turns(turns)
    assert len(found) == bool(fault)
    assert all(one.startswith(fault) for one in found)


@pytest.mark.parametrize(
    ("code", "message", "waits", "is_fault"),
    [
        (0, "", False, False),
        (4, "locked by ann from ci since noon for deploy", False, False),
        (4, "locked by ann from ci since noon for deploy", True, True),
        (4, "locked", False, True),
        (1, "", False, True),
    ],
)
def test_codes(code: int, message: str, waits: bool, is_fault: bool) -> None:
    said = Said(code, [json.dumps({"event": "host_failed", "message": message})])
    assert bool(judge_codes([said], waits=waits)) == is_fault
