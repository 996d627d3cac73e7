"""Where old and new code do not fit in together, the old one stops first: chosen from the facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.facts.host import HostFacts
from deploy.facts.overlap import OverlapState
from deploy.plan import Plan
from deploy.strategies.releases import plan_releases
from deploy.strategies.rollback import WayBack, plan_rollback
from tests.unit.test_plan import NEW
from tests.unit.test_plan_releases import INVENTORY, SECOND, ids, jobs, request, serving

SMALL, LARGE = OverlapState(held=1000, room=900), OverlapState(held=1000, room=9000)
TURN = ["switch_live", "stop_confirmed", "boot_release"]
BALANCER = "drain_command: lb out\nready_command: lb in\n"


def fleet(**overlaps: OverlapState) -> dict[str, HostFacts]:
    return {name: replace(serving(), overlap=overlap) for name, overlap in overlaps.items()}


def make(tmp_path: Path, more: str, **overlaps: OverlapState) -> Plan:
    asked = request(tmp_path, INVENTORY + more)
    return plan_releases(asked, jobs(asked, **fleet(**overlaps)))


def test_a_host_without_the_room_stops_first_and_only_that_host(tmp_path: Path) -> None:
    plan = make(tmp_path, "fallback: restart\nwarm: 60\n", web1=LARGE, web2=SMALL, jobs1=SMALL)
    assert "stop_confirmed" not in ids(plan, "activate", "web1")
    alone = ["check_release", *TURN, "prove_front", "tell_failed", "watch_gate"]
    assert ids(plan, "activate", "web2") == alone
    assert ids(plan, "activate", "jobs1") == ["check_release", *TURN, "watch_gate"]
    assert warm(plan) == {"web1": "60", "web2": "0", "jobs1": "0"}


def warm(plan: Plan) -> dict[str, str]:
    """For how many seconds each host is told to keep its old release."""
    return {
        one.host: str(told.arguments[2])
        for stage in plan.stages
        if stage.name == "activate"
        for batch in stage.batches
        for one in batch.hosts
        for told in one.context.calls
        if told.verb == "describe_releases"
    }


def test_what_it_costs_is_said_and_it_is_the_same_for_overlap_false(tmp_path: Path) -> None:
    plan = make(tmp_path, "fallback: restart\n", web1=LARGE, web2=SMALL, jobs1=SMALL)
    (said,) = plan.warnings
    assert said.startswith("web2: new code beside the old needs 1 MB, and 0 MB are left: the old")
    assert "requests to this host fail until it answers again; they are counted" in said
    same = make(tmp_path, "overlap: false\n", web1=LARGE, web2=LARGE)
    assert ids(same, "activate", "web2") == ids(plan, "activate", "web2")
    assert same.warnings[1].startswith("web2: overlap: false: the old")


def test_a_balancer_is_told_before_anything_stops_and_after_the_proof(tmp_path: Path) -> None:
    plan = make(tmp_path, "fallback: restart\n" + BALANCER, web2=SMALL, jobs1=SMALL)
    web = ids(plan, "activate", "web2")
    assert web.index("leave_balancer") < web.index("switch_live")
    assert web.index("prove_front") < web.index("join_balancer") < web.index("watch_gate")
    assert "leave_balancer" not in ids(plan, "activate", "jobs1")
    assert "the balancer is told to send nothing meanwhile" in plan.warnings[0]
    undos = {s.id: s.undo.verb for _, host, s in plan.steps() if s.undo and host == "web2"}
    assert undos["leave_balancer"] == "rejoin_balancer"


@pytest.mark.parametrize("more", ["", "fallback: refuse\n"])
def test_without_a_fallback_the_plan_overlaps(tmp_path: Path, more: str) -> None:
    assert "stop_confirmed" not in ids(make(tmp_path, more, web1=SMALL), "activate", "web1")


def test_a_rollback_falls_back_as_well(tmp_path: Path) -> None:
    asked = request(tmp_path, INVENTORY + "fallback: restart\n")
    states = {"web1": replace(serving(), overlap=SMALL)}
    plan = plan_rollback(asked, jobs(asked, **states), WayBack(NEW, {"web1": SECOND}))
    assert "stop_confirmed" in ids(plan, "activate", "web1")
