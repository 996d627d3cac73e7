"""Twelve situations, made for real on a lab: `invoke status` says what each is, and no more.

What one leaves behind, the next would be told with its own.
"""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.deploys.harness import Controller
from tests.deploys.situations import SITUATIONS, succeed

pytestmark = pytest.mark.lab

FOUND: dict[str, dict[str, set[str]]] = {
    "all_well": {},
    "version_skew": {"": {"version_skew"}},
    "stale_pidfile": {"web1": {"stale_pidfile"}},
    "foreign_pidfile": {"web1": {"foreign_pidfile", "missing_pidfile"}},
    "dead_worker": {"web1": {"dead_worker", "stale_pidfile"}},
    "doomed_master": {"web1": {"doomed_master"}},
    "host_down": {"web2": {"unreachable"}},
    "disk_full": {name: {"disk_full"} for name in ("web1", "web2", "jobs1")},
    "drift": {"web1": {"drift"}},
    "locked": {name: {"locked"} for name in ("web1", "web2", "jobs1")},
    "no_cluster": {"web1": {"no_cluster"}},
    "old_code": {"web1": {"old_code"}},
}
"""What is told of whom; the machine's load and memory are not ours."""
OURS = {one for found in FOUND.values() for ids in found.values() for one in ids} | {
    *("unproved", "surplus_worker", "two_masters", "cut_off", "unknown_drift"),
    *("replaced_node", "node_skew", "packages_skew"),
}
PASSING = {"dead_worker", "unproved", "stale_pidfile", "missing_pidfile"}
"""May be told of a cluster that starts its workers over and over."""


@pytest.fixture(scope="module", autouse=True)
def together(live18: Controller) -> None:
    """Other tests of this lab leave hosts at different revisions."""
    if not live18.look()["well"]:
        succeed(live18, "deploy")


def found(look: dict[str, Any]) -> dict[str, set[str]]:
    """The ids of what is told, by host."""
    ids: dict[str, set[str]] = {}
    for one in look["findings"]:
        if one["id"] in OURS:
            ids.setdefault(one["host"], set()).add(one["id"])
    return ids


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_told_and_nothing_beside(live18: Controller, name: str) -> None:
    with SITUATIONS[name](live18) as change:
        said = live18.run("status", change=change)
        look = json.loads(said.lines[-1])
        passing = PASSING if name == "doomed_master" else set()
        told = {host: ids - passing for host, ids in found(look).items()}
        assert told == FOUND[name], said.text
        assert said.code == (0 if name in ("all_well", "locked") else 1)
        assert look["well"] == (said.code == 0)


def test_watch_looks_again_until_ctrl_c_which_ends_it_with_130(live18: Controller) -> None:
    running = live18.start("status", "--watch", "--interval", "1")
    lines = running._read()
    first = json.loads(next(lines))
    second = next(one for one in map(json.loads, lines) if one["at"] > first["at"])
    assert first["hosts"][0]["masters"] == second["hosts"][0]["masters"]
    running.signal(signal.SIGINT)
    said = running.finish()
    assert said.code == 130
    assert all(line.startswith("{") for line in said.lines), said.text
