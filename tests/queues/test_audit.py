"""`invoke audit` from the command line to a real host, real redis and back."""

from __future__ import annotations

import json

from tests.queues.conftest import Person
from tests.remote.redis_server import Redis


def test_a_host_is_audited_with_its_redis(person: Person, redis: Redis) -> None:
    redis.ask("RPUSH", "resque:queue:mail", *("{}" for _ in range(3)))
    redis.ask("SADD", "resque:queues", "mail")
    said = person.run("audit", "--output", "json")
    assert said.code == 1, said.warnings
    rows = [json.loads(line) for line in said.text.splitlines()]
    found = {row["rule"] for row in rows}
    assert {"queue_behind", "redis_replica", "redis_persistence", "workers_missing"} <= found
    assert "redis_eviction" not in found
    assert "redis_password" not in found  # it is on the loopback
    known = [{"rule": rule, "reason": "a test"} for rule in found]
    person.inventory["audit"] = {"suppress": known}
    said = person.run("audit")
    assert said.code == 0, said.text
    assert "suppressed: queue_behind jobs1: a test" in said.text


def test_a_suppressed_rule_that_is_not_there_is_told(person: Person, redis: Redis) -> None:
    person.use(redis)
    person.inventory["audit"] = {"suppress": [{"rule": "no_such_rule", "reason": "a test"}]}
    said = person.run("audit")
    assert said.code == 2
    assert "no rule 'no_such_rule'" in said.warnings


def test_a_redis_that_does_not_answer_does_not_hide_the_rest(person: Person) -> None:
    person.inventory["env"] = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}
    said = person.run("audit", "--fail-on", "error")
    assert said.code == 1
    assert "workers_missing" in said.text
    assert "! jobs1: queues: redis cannot be asked" in said.text
