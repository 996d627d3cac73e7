"""Plans as data: batches, JSON both ways, and the text that `--dry-run` prints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.checks import Target
from deploy.facts.cluster import ClusterState
from deploy.facts.host import HostFacts
from deploy.facts.machine import MachineState
from deploy.facts.tree import TreeState
from deploy.inventory import load_environment
from deploy.plan import Plan
from deploy.reports.plan_text import plan_text
from deploy.shell import Secret
from deploy.strategies.in_place import Job, Request, plan_in_place, way_live
from deploy.strategies.rollout import batches

GOLDEN = Path(__file__).with_name("golden")
OLD, NEW = "1" * 40, "2" * 40
NODE = "/n/node"
INVENTORY = """
strategy: in_place
app: {name: chat, repository: git@git:chat.git, path: /srv/chat, build: [{run: npm run build}],
      once: [{run: npm run migrate, when: before_boot}, {run: npm run clean, when: after}]}
roles: {server: {serves: true}}
hosts: {web1: {roles: [server]}, web2: {roles: [server]}, web3: {roles: [server]}}
rollout: {batches: [1, "100%"], pause: 5}
"""


MACHINE = MachineState(
    "deploy",
    "v12.22.12",
    "/n/npm",
    "git",
    "flock",
    "setsid",
    "x86_64",
    4,
    1,
    1,
    1,
    "1024",
    True,
    1,
    False,
    True,
    "",
)


def facts(
    revision: str = OLD, *, running: bool = True, doubt: str = "", version: str = "18.1.4"
) -> HostFacts:
    """A host that serves `revision`, proved unless there is a doubt."""
    from deploy.facts.cluster import Process

    master = Process(7, 1, 100, 7, "me", "/srv/chat", NODE, "node bin/actionhero start cluster")
    worker = Process(8, 7, 101, 7, "me", "/srv/chat", NODE, "node bin/actionhero start")
    record = {"revision": revision, "version": "18.1.4"}
    return HostFacts(
        machine=MACHINE,
        cluster=ClusterState(
            "boot",
            200,
            "/srv/chat",
            (master, worker) if running else (),
            workers_wanted=2,
            installed=version,
            activated=record,
            proved=record,
        ),
        tree=TreeState(revision, "main"),
        doubt=doubt,
        foreign_files=(),
    )


def request(tmp_path: Path, version: str = "18.1.4") -> Request:
    (tmp_path / "test.yml").write_text(INVENTORY)
    model = "start cluster" if version.startswith("18") else "processes"
    target = Target(NEW, model, version, has_lockfile=True, has_package=True)
    return Request(load_environment("test", tmp_path), target, "run-1")


def make_plan(tmp_path: Path, **states: HostFacts) -> Plan:
    asked = request(tmp_path)
    secret = {"TOKEN": Secret("TOKEN", "hunter2")}
    jobs = [
        Job(asked.environment.hosts[name], state, dict(secret)) for name, state in states.items()
    ]
    return plan_in_place(asked, jobs)


def test_the_whole_plan_as_text(tmp_path: Path) -> None:
    """Read by a person before it was accepted; a change of it is a change of the product."""
    plan = make_plan(tmp_path, web1=facts(), web2=facts(running=False), web3=facts(NEW))
    text = plan_text(plan)
    assert "hunter2" not in text
    assert text + "\n" == (GOLDEN / "plan.txt").read_text()


def test_json_goes_both_ways_without_secrets(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, web1=facts())
    text = json.dumps(plan.to_json())
    assert "hunter2" not in text
    assert Plan.from_json(json.loads(text)).to_json() == plan.to_json()
    assert Plan.from_json(json.loads(text)).fingerprint == plan.fingerprint


def test_hosts_that_are_proved_need_nothing(tmp_path: Path) -> None:
    assert make_plan(tmp_path, web1=facts(NEW), web2=facts(NEW)).is_empty
    assert not make_plan(tmp_path, web1=facts(NEW, doubt="1 of 2 workers run")).is_empty


@pytest.mark.parametrize(
    ("version", "state", "way"),
    [
        ("18.1.4", facts(), "reload"),
        ("18.1.4", facts(running=False), "start"),
        ("18.1.3", facts(), "restart"),
        ("18.1.4", facts(version=""), "reload"),
        ("18.1.4", replace(facts(), environment=True), "reload"),
        ("18.1.4", replace(facts(), environment=False), "restart"),
        ("29.0.0", replace(facts(version="29.0.0"), environment=False), "reload"),
    ],
)
def test_how_the_processes_come_to_new_code(
    tmp_path: Path, version: str, state: HostFacts, way: str
) -> None:
    assert way_live(request(tmp_path, version).target, state) == way


@pytest.mark.parametrize(
    ("count", "sizes", "expected"),
    [
        (5, (1, "100%"), [1, 4]),
        (8, ("25%",), [2, 2, 2, 2]),
        (8, (1, "25%", "100%"), [1, 2, 5]),
        (1, ("1%",), [1]),
        (3, (10,), [3]),
        (0, (1,), []),
    ],
)
def test_batches(count: int, sizes: tuple[str | int, ...], expected: list[int]) -> None:
    assert [len(batch) for batch in batches(range(count), sizes)] == expected
