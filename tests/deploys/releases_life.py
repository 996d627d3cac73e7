"""The main job with releases, by the command line: what is tried on each version of ActionHero.

Nothing that a client asked for is lost: short requests, actions of 3 s, WebSockets until their
limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.in_flight import Sockets, Stream
from tests.deploys.harness import Change, Controller, Said
from tests.lab import Lab
from tests.lab.processes import wait_until
from tests.lab.releases import confirmed, doubt_fleet
from tests.lab.site import ROLES

DRAIN = 8
WEB = ("web1", "web2")


def to_releases(data: dict[str, Any]) -> None:
    """The inventory of a person who wants releases from now on."""
    data["strategy"] = "releases"
    data["app"]["shared"] = ["public/uploads"]
    data["rollout"] = {"batches": ["100%"], "gate": {"seconds": 0}}


def adopted(live: Controller) -> Controller:
    """A fleet in place, whose trees are releases by now."""
    controller = live.with_change(to_releases)
    if not (live.lab.app_path("web1") / "current").exists():
        succeed(controller, "adopt")
    return controller


def try_a_revision_and_back(fleet: Controller) -> None:
    """From the release that serves to another under load, and back."""
    lab, controller = fleet.lab, fleet.with_change(quick(fleet.lab))
    first = lab.repository.revision("HEAD")
    assert_serves(controller, first)
    with under_load(lab) as sockets:
        second = lab.commit("the second")
        said = succeed(controller, "deploy")
        assert_serves(controller, second)
    assert_told(said, sockets)
    assert_recorded(said, second)
    assert "nothing to do" in succeed(controller, "deploy").text
    assert_listed(controller, first, second)
    with under_load(lab):
        succeed(controller, "rollback")
        assert_serves(controller, first)
    assert_listed(controller, second, first, "rolled back from")


def quick(lab: Lab) -> Change:
    """An inventory without a gate; what does not change is compiled once."""
    live = lab.app_path("web1") / "current/dist"

    def change(data: dict[str, Any]) -> None:
        data["rollout"] = {"gate": {"seconds": 0}}
        data["drain"] = DRAIN
        if live.exists():
            data["app"]["build"] = [{"run": f"cp -r {live} dist", "timeout": 60}]

    return change


def succeed(controller: Controller, task: str) -> Said:
    said = controller.run(task)
    assert said.code == 0, said.text
    return said


def assert_serves(controller: Controller, revision: str) -> None:
    """Every host is at rest on that revision."""
    assert doubt_fleet(controller.lab) == ""
    assert {controller.serving(host) for host in WEB} == {controller.lab.number(revision)}


@contextmanager
def under_load(lab: Lab) -> Iterator[Sockets | None]:
    """Clients ask both web hosts, and none of them loses anything; on 29, with a WebSocket."""
    with ExitStack() as stack:
        loads = [stack.enter_context(lab.load(h, clients=1, pause=0.05, seconds=300)) for h in WEB]
        streams = [
            stack.enter_context(Stream(lab.web_address(h), "/api/slow", "POST")) for h in WEB
        ]
        has_sockets = lab.site.app == 29
        sockets = Sockets(lab.web_address("web1"), pings=False, count=1) if has_sockets else None
        if sockets:
            stack.enter_context(sockets)
        wait_until(lambda: all(stream.actions for stream in streams), "an action of 3 s", 30)
        yield sockets
    assert [load.failed for load in loads] == [{}, {}]
    assert {action.outcome for stream in streams for action in stream.actions} == {"200"}


def assert_recorded(said: Said, revision: str) -> None:
    """What a report is made of is in the record: the plan, the commits, both hosts' traffic."""
    (planned,) = said.events("planned")
    assert [stage["name"] for stage in planned["plan"]["stages"]][-1] == "confirm"
    (listed,) = said.events("commits_listed")
    assert [one["sha"] for one in listed["commits"]] == [revision]
    traffic = {event["host"]: event for event in said.events("traffic_read")}
    assert set(traffic) == set(WEB)
    for event in traffic.values():
        assert [one["event"] for one in event["switches"]] == ["started", "finished"]
        switch = event["switches"][-1]["at"]
        assert {row["at"] < switch for row in event["rows"]} == {True, False}
        assert sum(row["errors"] for row in event["rows"]) == 0


def assert_told(said: Said, sockets: Sockets | None) -> None:
    """A WebSocket lives until its limit, and that it is cut is told by number."""
    if sockets is None:
        return
    confirming = [e for e in said.events("step_finished") if e["step"] == "confirm_switch"]
    assert len(sockets.closed) == 1
    assert max(e["seconds"] for e in confirming if e["host"] == "web1") >= DRAIN
    assert any("1 connections to " in e["text"] for e in said.events("warned")), said.text


def assert_listed(
    controller: Controller, other: str, live: str, is_now: str = "proved before"
) -> None:
    """`invoke releases` knows both on every host, and which of them is confirmed."""
    rows = [json.loads(line) for line in succeed(controller, "releases").lines]
    for host in ROLES:
        states = {row["revision"]: row["state"] for row in rows if row["host"] == host}
        assert states == {other[:10]: is_now, live[:10]: "confirmed"}
        assert confirmed(controller.lab, host).endswith(live[:7])
