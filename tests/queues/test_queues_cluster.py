"""Redis cluster: keys are found where they are, and changed where it keeps them apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.queues.conftest import PROJECT, Person
from tests.remote.redis_server import ADDRESS, Redis, Start

CLAIM = '{"queue":"mail","worker":"gone:1","payload":{"class":"send","queue":"mail","args":[1]}}'
FAILURE = (
    '{"worker":"gone:1","queue":"mail","payload":{"class":"send","queue":"mail","args":[2]},'
    '"exception":"Error","error":"no"}'
)


@pytest.fixture
def cluster(start_redis: Start, person: Person) -> list[Redis]:
    """Two primaries that share the slots; the port of their bus is not always ten thousand more."""
    buses = [str(free_port()) for _ in range(2)]
    nodes = [
        start_redis(cluster_enabled="yes", cluster_config_file="nodes.conf", cluster_port=bus)
        for bus in buses
    ]
    for node, slots in zip(nodes, (("0", "8191"), ("8192", "16383")), strict=True):
        assert node.ask("CLUSTER", "ADDSLOTSRANGE", *slots) == "OK"
    nodes[0].ask("CLUSTER", "MEET", ADDRESS, str(nodes[1].port), buses[1])
    wait_until(
        lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in nodes),
        "the cluster",
    )
    person.use(nodes[0])
    return nodes


def ask(nodes: list[Redis], *words: str) -> str:
    """Of whichever node has it."""
    return nodes[0].ask("-c", *words)


def test_all_primaries_are_asked(person: Person, cluster: list[Redis]) -> None:
    for queue in ("mail", "other", "third"):
        ask(cluster, "SADD", "resque:queues", queue)
        ask(cluster, "RPUSH", f"resque:queue:{queue}", "{}", "{}")
    found = person.look().redis
    assert {one["address"].rpartition(":")[2] for one in found["servers"]} == {
        str(node.port) for node in cluster
    }
    assert {one["name"]: one["waiting"] for one in found["queues"]} == {
        "mail": 2,
        "other": 2,
        "third": 2,
    }


def test_a_stuck_job_and_a_failed_one_come_back(person: Person, cluster: list[Redis]) -> None:
    ping = json.dumps({"time": 1, "name": "gone:1", "queues": "mail"})
    ask(cluster, "SADD", "resque:workers", "gone:1:mail")
    ask(cluster, "SET", "resque:worker:gone:1:mail", CLAIM)
    ask(cluster, "SET", "resque:worker:ping:gone:1", ping)
    ask(cluster, "RPUSH", "resque:failed", FAILURE)
    (worker,) = person.look().redis["workers"]
    assert (worker["presence"], worker["stuck"]) == ("lost", True)
    assert person.run("queues.release", "--yes").code == 0
    assert person.run("queues.retry", "--yes").code == 0
    jobs = ask(cluster, "LRANGE", "resque:queue:mail", "0", "-1").splitlines()
    assert [json.loads(job)["args"] for job in jobs] == [[1], [2]]
    for key in ("resque:workers", "resque:worker:gone:1:mail", "resque:worker:ping:gone:1"):
        assert ask(cluster, "EXISTS", key) == "0"
    assert ask(cluster, "LLEN", "resque:failed") == "0"
    assert ask(cluster, "SMEMBERS", "resque:queues") == "mail"


def test_watching_looks_again(person: Person, start_redis: Start) -> None:
    redis = start_redis()
    person.use(redis)
    (person.root / "inventory/test.yml").write_text(yaml.safe_dump(person.inventory))
    words = ["queues", "--env", "test", "--watch", "--sample", "1", "--output", "json"]
    watching = subprocess.Popen(
        [sys.executable, "-m", "invoke", "-r", str(PROJECT), *words],
        cwd=Path(person.root),
        env={**os.environ, "DEPLOY_INVENTORY": str(person.root / "inventory")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    first = json.loads(watching.stdout.readline())
    redis.ask("SADD", "resque:queues", "mail")
    watching.stdout.readline()
    third = json.loads(watching.stdout.readline())
    watching.kill()
    watching.wait()
    assert first["redis"][0]["queues"] == []
    assert [one["name"] for one in third["redis"][0]["queues"]] == ["mail"]
