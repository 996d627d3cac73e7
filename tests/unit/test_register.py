"""Which redis is a fleet's register: what the app is told, what the inventory says over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, load_environment
from deploy.shell import Argument, Secret
from deploy.steps.register import (
    check_registers,
    decide_register,
    forget_register,
    open_register,
    register_for,
)

REDIS = {"REDIS_HOST": "redis.internal"}


def inventory(directory: Path, hosts: int = 2, **more: Any) -> Environment:
    """An inventory with so many hosts of the app, and one that runs none."""
    document = {
        "app": {"name": "chat", "repository": "r", "path": "/srv/chat"},
        "roles": {"server": {}, "balancer": {"runs_app": False}},
        "hosts": {
            **{f"web{i}": {"roles": ["server"]} for i in range(1, hosts + 1)},
            "balancer1": {"roles": ["balancer"]},
        },
        **more,
    }
    (directory / "e.yml").write_text(yaml.safe_dump(document), "utf-8")
    return load_environment("e", directory)


def place(environment: Environment, values: dict[str, Argument]) -> dict[str, Any] | None:
    """What the first host is told; none: no register."""
    text = register_for(environment, environment.hosts["web1"], values).value
    return json.loads(text) if text else None


def test_it_is_the_redis_that_the_apps_environment_names(tmp_path: Path) -> None:
    values: dict[str, Argument] = {
        **REDIS,
        "REDIS_PORT": "6380",
        "REDIS_DB": "2",
        "REDIS_PASSWORD": Secret("REDIS_PASSWORD", "s3cret"),
        "REDIS_SSL": "true",
    }
    assert place(inventory(tmp_path), values) == {
        "host": "redis.internal",
        "port": 6380,
        "db": 2,
        "password": "s3cret",
        "tls": True,
    }


def test_the_password_may_have_the_name_of_older_versions(tmp_path: Path) -> None:
    found = place(inventory(tmp_path), {**REDIS, "REDIS_PASS": "old", "REDIS_PASSWORD": ""})
    assert found == {"host": "redis.internal", "port": 6379, "password": "old"}


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("redis://redis.internal", {"host": "redis.internal", "port": 6379}),
        (
            "rediss://chat:p%40ss%2Fw@[fd00::6]:6380/3",
            {
                "host": "fd00::6",
                "port": 6380,
                "db": 3,
                "username": "chat",
                "password": "p@ss/w",
                "tls": True,
            },
        ),
        (
            "redis://:only@10.0.0.6/",
            {"host": "10.0.0.6", "port": 6379, "password": "only"},
        ),
        ("redis.internal:7000", {"host": "redis.internal", "port": 7000}),
    ],
)
def test_a_url_goes_before_the_other_variables(
    tmp_path: Path, url: str, wanted: dict[str, Any]
) -> None:
    values: dict[str, Argument] = {"REDIS_URL": Secret("REDIS_URL", url), "REDIS_HOST": "other"}
    assert place(inventory(tmp_path), values) == wanted


def test_it_is_else_the_redis_of_the_rendered_configuration(tmp_path: Path) -> None:
    redis = {"host": "10.0.0.6", "port": 6380, "db": 4}
    environment = inventory(tmp_path, actionhero={"redis": redis})
    assert place(environment, {"REDIS_PASSWORD": "p"}) == {**redis, "password": "p"}
    assert place(environment, REDIS) == {**redis, "host": "redis.internal"}


@pytest.mark.parametrize("hosts", [1, 2])
def test_a_fleet_whose_app_is_told_of_no_redis_has_none(tmp_path: Path, hosts: int) -> None:
    assert place(inventory(tmp_path, hosts), {"REDIS_PORT": "6379"}) is None


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.8.6", "localhost", "LocalHost.", "::1", "::ffff:127.0.0.1", "0.0.0.0"],  # noqa: S104
)
def test_a_loopback_address_is_another_redis_on_each_host(tmp_path: Path, host: str) -> None:
    assert place(inventory(tmp_path), {"REDIS_HOST": host}) is None
    alone = place(inventory(tmp_path, hosts=1), {"REDIS_HOST": host})
    assert alone == {"host": host, "port": 6379}
    insisted = inventory(tmp_path, decision={"kind": "redis"})
    assert place(insisted, {"REDIS_HOST": host}) == alone


def test_a_socket_is_another_redis_on_each_host(tmp_path: Path) -> None:
    values: dict[str, Argument] = {"REDIS_URL": "/run/redis.sock"}
    assert place(inventory(tmp_path), values) is None
    assert place(inventory(tmp_path, hosts=1), values) == {"socket": "/run/redis.sock"}


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    assert place(inventory(tmp_path, decision={"kind": "off"}), REDIS) is None


def test_who_insists_on_a_redis_has_to_name_one(tmp_path: Path) -> None:
    environment = inventory(tmp_path, decision={"kind": "redis"})
    with pytest.raises(DeployError, match="nothing says where redis is") as caught:
        place(environment, {})
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.host == "web1"


def test_what_the_inventory_says_lies_over_what_the_app_is_told(tmp_path: Path) -> None:
    own = {"db": 5, "username": "deploy", "password_env": "DEPLOY_REDIS", "tls": {"ca": "/ca.pem"}}
    values: dict[str, Argument] = {**REDIS, "REDIS_PASSWORD": "app", "DEPLOY_REDIS": "deploy"}
    assert place(inventory(tmp_path, decision=own), values) == {
        "host": "redis.internal",
        "port": 6379,
        "db": 5,
        "username": "deploy",
        "password": "deploy",
        "tls": {"ca": "/ca.pem", "reject_unauthorized": True},
    }
    plain = inventory(tmp_path, decision={"tls": False})
    assert place(plain, {"REDIS_URL": "rediss://r"}) == {"host": "r", "port": 6379}


def test_a_redis_of_its_own_gets_no_password_of_the_apps(tmp_path: Path) -> None:
    environment = inventory(tmp_path, decision={"host": "decisions.internal"})
    found = place(environment, {**REDIS, "REDIS_PASSWORD": "app"})
    assert found == {"host": "decisions.internal", "port": 6379}


def test_sentinels_stand_in_place_of_a_host(tmp_path: Path) -> None:
    own = {
        "sentinels": [{"host": "s1"}, {"host": "s2", "port": 26380}],
        "sentinel_password_env": "S",
    }
    assert place(inventory(tmp_path, decision=own), {**REDIS, "S": "secret"}) == {
        "port": 6379,
        "sentinels": [{"host": "s1", "port": 26379}, {"host": "s2", "port": 26380}],
        "name": "mymaster",
        "sentinel_password": "secret",
    }
    local = inventory(tmp_path, decision={"sentinels": [{"host": "127.0.0.1"}]})
    assert place(local, {}) is None
    with pytest.raises(DeployError) as caught:
        inventory(tmp_path, decision={"host": "h", "sentinels": [{"host": "s"}]})
    assert "leave out host and port" in caught.value.details[0]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"REDIS_URL": "redis://:s3cret@redis:port"}, "REDIS_URL is no URL"),
        ({"REDIS_URL": "redis://:s3cret@[fd00::6"}, "REDIS_URL is no URL"),
        ({"REDIS_URL": "redis://:s3cret@redis/s3cret"}, "the database of REDIS_URL is not"),
        ({**REDIS, "REDIS_PORT": "s3cret"}, "REDIS_PORT is not a whole number"),
        ({**REDIS, "REDIS_DB": "²"}, "REDIS_DB is not a whole number"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_without_it(
    tmp_path: Path, values: dict[str, Argument], fault: str
) -> None:
    with pytest.raises(DeployError, match=fault) as caught:
        place(inventory(tmp_path), values)
    assert "s3cret" not in str(caught.value)


def test_a_password_that_is_nowhere_is_told(tmp_path: Path) -> None:
    environment = inventory(tmp_path, decision={"password_env": "NOWHERE"})
    with pytest.raises(DeployError, match="there is no NOWHERE in its `env` or `secrets`"):
        place(environment, REDIS)


def test_all_hosts_have_a_register_or_none_has(tmp_path: Path) -> None:
    environment = inventory(tmp_path)
    one = register_for(environment, environment.hosts["web1"], REDIS)
    none = register_for(environment, environment.hosts["web2"], {})
    check_registers({"web1": one, "web2": one})
    check_registers({"web1": none, "web2": none})
    with pytest.raises(DeployError, match="there is none for web2"):
        check_registers({"web1": one, "web2": none})


def test_the_register_does_not_show(tmp_path: Path) -> None:
    environment = inventory(tmp_path)
    values: dict[str, Argument] = {**REDIS, "REDIS_PASSWORD": "s3cret"}
    register = register_for(environment, environment.hosts["web1"], values)
    assert "s3cret" not in f"{register} {register!r}"


def test_the_steps_name_run_incarnation_and_decision() -> None:
    steps = [open_register("R"), decide_register("R", "a:b", "commit", 60), forget_register("R")]
    assert [str(step.call) for step in steps] == [
        "open_register 'R'",
        "decide_register 'R' 'a:b' 'commit' '60'",
        "forget_register 'R'",
    ]
