"""The plan of an adoption: a deploy of what is checked out, with the old sockets in its middle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.facts.overlap import OverlapState
from deploy.facts.releases import Confirmed, ReleasesState
from deploy.inventory import load_environment
from deploy.plan import HostSteps, Plan
from deploy.strategies.adopt import plan_adoption
from deploy.strategies.in_place import Job, Request
from tests.unit.test_plan import facts, request

INVENTORY = """
strategy: releases
app: {name: chat, repository: git@git:chat.git, path: /srv/chat, shared: [public/uploads]}
roles: {server: {serves: true}, worker: {serves: false}}
hosts: {web1: {roles: [server]}, jobs1: {roles: [worker]}}
"""


def plan(
    directory: Path,
    more: str = "",
    state: ReleasesState | None = None,
    overlap: OverlapState | None = None,
) -> Plan:
    (directory / "adopt.yml").write_text(INVENTORY + more)
    environment = load_environment("adopt", directory)
    asked = Request(environment, request(directory).target, "20260101T000000Z-run1")
    state = state or ReleasesState(in_place=True)
    found = replace(facts(), releases=state, overlap=overlap)
    jobs = [Job(host, found, {}) for host in environment.hosts.values()]
    return plan_adoption(asked, jobs)


def of(made: Plan, stage: str, host: str) -> HostSteps:
    (found,) = [
        one
        for part in made.stages
        if part.name == stage
        for batch in part.batches
        for one in batch.hosts
        if one.host == host
    ]
    return found


def test_the_sockets_follow_the_switch_and_are_nothing_to_a_worker(tmp_path: Path) -> None:
    made = plan(tmp_path)
    for host, sockets in {"web1": "/srv/chat/.deploy/sockets", "jobs1": ""}.items():
        prepare, activate = of(made, "prepare", host).steps, of(made, "activate", host).steps
        assert prepare[0].id == "adopt_tree"
        assert prepare[0].call.arguments[2:] == ("public/uploads", sockets)
        names = [step.id for step in activate]
        assert names.index("adopt_sockets") == names.index("switch_live") + 1
        assert activate[names.index("adopt_sockets")].call.arguments[1] == sockets


def test_hosts_that_have_a_release_are_left_alone(tmp_path: Path) -> None:
    state = ReleasesState(confirmed=Confirmed("20260101T000000Z-1111111", "run0"))
    assert plan(tmp_path, state=state).is_empty


def test_what_must_not_run_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="web1, jobs1"):
        plan(tmp_path, "overlap: false\n")


def test_what_has_no_room_beside_the_tree_is_refused_whatever_the_fallback(tmp_path: Path) -> None:
    small = OverlapState(held=1000, room=900)
    with pytest.raises(DeployError, match="no memory for both"):
        plan(tmp_path, "fallback: restart\n", overlap=small)
