"""The register of a fleet whose inventory declares the app's redis: it is that of the tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from tests.unit.test_register import REDIS, inventory, place

SENTINELS = [{"host": "10.0.1.31"}, {"host": "10.0.1.32", "port": 26380}]


def test_it_is_the_redis_of_the_tasks_and_not_the_cache(tmp_path: Path) -> None:
    """A cache that is full may forget the decision."""
    tasks = {"sentinels": SENTINELS, "sentinel_name": "jobs", "password_env": "TASKS"}
    environment = inventory(
        tmp_path, actionhero={"redis": {"host": "10.0.1.33", "tasks": tasks}}, env={"TASKS": "t"}
    )
    found = place(environment, {**REDIS, "REDIS_URL": "redis://elsewhere", "TASKS": "t"})
    wanted = [{"host": "10.0.1.31", "port": 26379}, {"host": "10.0.1.32", "port": 26380}]
    assert found == {"port": 6379, "password": "t", "sentinels": wanted, "name": "jobs"}


def test_sentinels_of_the_app_are_asked_with_what_it_is_told(tmp_path: Path) -> None:
    redis = {"sentinels": SENTINELS[:1], "tls": True, "sentinel_password_env": "GUARD"}
    environment = inventory(tmp_path, actionhero={"redis": redis})
    found = place(environment, {**REDIS, "REDIS_PASSWORD": "r", "GUARD": "g"})
    assert found == {
        "port": 6379,
        "password": "r",
        "tls": True,
        "sentinels": [{"host": "10.0.1.31", "port": 26379}],
        "name": "mymaster",
        "sentinel_password": "g",
    }
    with pytest.raises(DeployError, match="there is no GUARD"):
        place(environment, {})


def test_what_the_inventory_says_of_the_register_lies_over_the_tasks(tmp_path: Path) -> None:
    environment = inventory(
        tmp_path,
        actionhero={"redis": {"tasks": {"host": "10.0.1.31"}}},
        decision={"host": "10.0.1.9"},
    )
    assert place(environment, {}) == {"host": "10.0.1.9", "port": 6379}
