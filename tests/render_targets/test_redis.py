"""redis starts with what is rendered, and is followed by a replica that got its own file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.render_targets.conftest import Start, make_environment, program, run
from tests.render_targets.redises import Node
from tests.render_targets.rendering import rendered


def made(box: Path, **nodes: tuple[Node, dict[str, Any]]) -> Environment:
    return make_environment(
        box, {name: node.host(**knobs) for name, (node, knobs) in nodes.items()}
    )


def node(box: Path, name: str) -> Node:
    return Node(name, "redis_server", box / name)


def started(box: Path, start: Start, **knobs: Any) -> Node:
    """One server with these knobs."""
    one = node(box, "redis1")
    one.write(made(box, redis1=(one, knobs)))
    one.start(start)
    return one


def test_redis_for_tasks_loses_nothing(box: Path, start: Start) -> None:
    one = started(box, start)
    assert one.get("appendonly") == "yes"
    assert one.get("appendfsync") == "everysec"
    assert one.get("maxmemory-policy") == "noeviction"
    assert one.get("maxmemory") == "0"
    assert one.get("save") == "3600 1 300 100 60 10000"


def test_redis_for_a_cache_forgets(box: Path, start: Start) -> None:
    one = started(box, start, purpose="cache", max_memory="64mb")
    assert one.get("appendonly") == "no"
    assert one.get("maxmemory-policy") == "allkeys-lru"
    assert one.get("maxmemory") == str(64 << 20)
    assert one.get("save") == ""


def test_redis_wants_the_password_and_knows_no_dangerous_command(box: Path, start: Start) -> None:
    one = started(box, start, renamed={"FLUSHALL": "", "CONFIG": "CONFIG_8d2"})
    assert one.ask("PING") == "PONG"
    assert one.ask("PING", password="").startswith("NOAUTH")
    assert one.get("protected-mode") == ""  # CONFIG has another name
    assert one.ask("CONFIG_8d2", "GET", "protected-mode") == "protected-mode\nyes"
    assert "unknown command" in one.ask("FLUSHALL")
    for command in ("KEYS", "SCAN"):  # what ActionHero and node-resque ask
        assert "unknown command" not in one.ask(command, "0")


def test_a_node_of_a_cluster(box: Path, start: Start) -> None:
    one = started(box, start, cluster=True)
    assert one.info("cluster_enabled") == "1"


def test_the_replica_follows_and_has_the_data(box: Path, start: Start) -> None:
    primary, replica = node(box, "redis1"), node(box, "redis2")
    environment = made(box, redis1=(primary, {}), redis2=(replica, {"replica_of": "redis1"}))
    for one in (primary, replica):
        one.write(environment)
        one.start(start)
    primary.ask("SET", "task", "one")
    wait_until(lambda: replica.ask("GET", "task") == "one", "the replica")
    assert replica.ask("SET", "task", "two").startswith("READONLY")


def test_the_script_proves_that_redis_has_read_this_file(box: Path, start: Start) -> None:
    one = started(box, start)
    assert one.script("prove").returncode == 0
    one.write(made(box, redis1=(one, {"databases": 4})))
    assert one.script("prove").returncode == 0
    with (one.directory / "redis.conf").open("a") as file:
        file.write("# newer\n")
    assert one.script("prove").returncode == 1
    one.script("make")
    one.stop()
    assert one.script("prove").returncode == 1


def test_redis_starts_again_when_its_file_cannot_be_made(box: Path) -> None:
    one = node(box, "redis1")
    one.write(made(box, redis1=(one, {})))
    before = one.live.read_text()
    (box / "bin").mkdir()
    systemctl = box / "bin/systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$*" >>{box}/orders\n')
    systemctl.chmod(0o755)
    (one.directory / "redis.conf").unlink()
    path = {"PATH": f"{box}/bin:{os.environ['PATH']}"}
    done = run("sh", one.directory / "script", "reload", env=path)
    assert (done.returncode, "could not be made" in done.stdout) == (1, True)
    assert (box / "orders").read_text() == "stop redis-server\nstart redis-server\n"
    assert one.live.read_text() == before


def test_the_check_names_the_line_that_redis_does_not_accept(box: Path) -> None:
    one = node(box, "redis1")
    one.write(made(box, redis1=(one, {"log": str(box / "never.log")})))
    file = one.directory / "redis.conf"
    file.write_text(file.read_text().replace("appendfsync everysec", "appendfsync sometimes"))
    done = one.script("check", str(file))
    assert done.returncode == 1
    number = file.read_text().splitlines().index("appendfsync sometimes") + 1
    assert f"{file}:{number}: argument(s) must be one of" in done.stdout
    assert not (box / "never.log").exists()


def test_what_redis_reads_is_for_its_user_alone(box: Path) -> None:
    one = node(box, "redis1")
    one.write(made(box, redis1=(one, {})))
    assert one.live.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_the_script_is_a_clean_shell_script(box: Path, shell: str) -> None:
    one = node(box, "redis1")
    one.write(made(box, redis1=(one, {})))
    assert run(*shell.split(), "-n", one.directory / "script").stdout == ""
    assert run(program("shellcheck"), one.directory / "script").stdout == ""


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"replica_of": "redis9"}, "replica_of names 'redis9'"),
        ({"replica_of": "redis2"}, "cannot follow itself"),
        ({"replica_of": "redis1", "purpose": "cache"}, "it is for cache, and follows redis1"),
    ],
)
def test_who_is_followed_has_to_fit(box: Path, knobs: dict[str, Any], what: str) -> None:
    environment = made(box, redis1=(node(box, "redis1"), {}), redis2=(node(box, "redis2"), knobs))
    with pytest.raises(DeployError, match=what):
        rendered(environment, "redis2", "redis_server")


def test_a_primary_that_only_its_own_host_reaches_is_refused(box: Path) -> None:
    one, two = node(box, "redis1"), node(box, "redis2")
    hosts = {"redis1": one.host() | {"address": "10.0.0.6"}}
    hosts["redis2"] = two.host(replica_of="redis1") | {"address": "10.0.0.7"}
    with pytest.raises(DeployError, match="listens on its own loopback only"):
        rendered(make_environment(box, hosts), "redis2", "redis_server")


def test_a_command_that_others_need_keeps_its_name(box: Path) -> None:
    with pytest.raises(DeployError) as raised:
        made(box, redis1=(node(box, "redis1"), {"renamed": {"EVAL": ""}}))
    assert "ActionHero need EVAL" in "\n".join(raised.value.details)


def test_a_node_of_a_cluster_has_room_for_its_second_port(box: Path) -> None:
    """10000 above 55536 is no port: redis does not start."""
    high = node(box, "cache1")
    high.port = 55536
    with pytest.raises(DeployError) as raised:
        made(box, cache1=(high, {"cluster": True}))
    (line,) = raised.value.details
    assert re.search(r"\.yml:\d+:\d+: hosts\.cache1\.redis_server\.port: 55536 on cache1; ", line)
    assert "allowed: up to 55535 with `cluster: true`" in line
    high.port = 55535
    made(box, cache1=(high, {"cluster": True}))
    high.port = 55536
    made(box, cache1=(high, {}))
