"""Each rule of the preflight: one fixture that it finds, none where all is well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.checks import Subject
from deploy.checks.preflight import RULES, preflight
from deploy.facts.cluster import ClusterState, Pidfile, Process, Unit, parse_cluster
from deploy.facts.host import HostFacts
from tests.unit.test_plan import facts, request


def well() -> HostFacts:
    base = facts()
    machine = replace(base.machine, disk=10**9, inodes=10**6)
    return replace(base, machine=machine)


def machine(**values: object) -> HostFacts:
    return replace(well(), machine=replace(well().machine, **values))


def cluster(**values: object) -> HostFacts:
    return replace(well(), cluster=replace(well().cluster, **values))


SLEEP = Process(99, 1, 5, 99, "me", "/root", "sleep 1000")
ELSEWHERE = Process(7, 1, 100, 7, "me", "/srv/1", "node bin/actionhero startCluster --workers=2")
FAULTS = {
    "pidfile": cluster(pidfiles=(Pidfile("cluster_pidfile", "99", "foreign", SLEEP),)),
    "other_user": cluster(processes=(replace(well().cluster.masters[0], owner="root"),)),
    "elsewhere": cluster(root="/srv/2", processes=(ELSEWHERE,)),
    "tools": machine(npm=""),
    "node_pairing": machine(node="v20.11.1"),
    "package": well(),
    "room": machine(disk=1000),
    "ownership": replace(well(), foreign_files=("/srv/chat/node_modules",)),
    "logout": machine(kill_user_processes=True, linger=False),
    "limits": machine(files="256"),
    "capacity": cluster(workers_wanted=1),
    "local_changes": replace(well(), tree=replace(well().tree, dirty=("M config.js",), changes=1)),
    "supervision": cluster(units=(Unit(7, "system", "chat.service"),)),
}


def subject(tmp_path: Path, state: HostFacts, *, has_package: bool = True) -> Subject:
    asked = request(tmp_path)
    host = asked.environment.hosts["web1"]
    target = replace(asked.target, has_package=has_package)
    return Subject(asked.environment, host, state, target)


def test_a_host_that_is_well_has_no_findings(tmp_path: Path) -> None:
    assert preflight([subject(tmp_path, well())]) == []


def test_every_rule_has_a_fixture() -> None:
    assert {rule.id for rule in RULES} == set(FAULTS)


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault_and_only_that(rule: str, tmp_path: Path) -> None:
    found = preflight([subject(tmp_path, FAULTS[rule], has_package=rule != "package")])
    assert [one.rule for one in found] == [rule]
    assert found[0].host == "web1"
    assert found[0].hint


ANSWER = """workers\t2
boot\tabc\t5000
root\t/srv/chat
process\t10\t1\t100\t10\tme\t/srv/chat\tnode\x1f./node_modules/.bin/actionhero\x1fstart\x1fcluster\x1f
process\t11\t10\t101\t10\tme\t/srv/chat\t/n/node\x1f/srv/chat/node_modules/actionhero/bin/actionhero\x1fstart\x1f
process\t12\t1\t90\t12\tme\t/srv/chat\tvim\x1fconfig/api.js\x1f
pidfile\tactionhero-worker-1\t11
pidfile\tactionhero-worker-2\t4242
pidfile\tcluster_pidfile\t10
pidfile\todd\tx1
pidfile\treused\t12
activated\trevision\tdeadbeef
"""


def test_processes_and_pidfiles_are_told_apart() -> None:
    state: ClusterState = parse_cluster(ANSWER)
    assert [p.pid for p in state.masters] == [10]
    assert [p.pid for p in state.workers] == [11]
    assert {p.name: p.verdict for p in state.pidfiles} == {
        "actionhero-worker-1": "ok",
        "actionhero-worker-2": "stale",
        "cluster_pidfile": "ok",
        "odd": "unreadable",
        "reused": "foreign",
    }
    assert state.activated == {"revision": "deadbeef"}
