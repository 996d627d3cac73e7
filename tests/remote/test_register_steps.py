"""The steps that open, decide and forget: what they report, and when they fail."""

from __future__ import annotations

import pytest

from deploy.shell import call
from tests.ports import free_port
from tests.remote.harness import Shell, finish, step
from tests.remote.redis_server import ADDRESS, ELSEWHERE, Redis, Start, described, results


@pytest.mark.parametrize("decision", ["commit", "abort"])
def test_the_steps_open_decide_and_forget(
    shell: Shell, redis: Redis, run: str, decision: str
) -> None:
    first = shell.run(step("open_register", run), before=redis.described())
    assert results(first) == {"incarnation": redis.incarnation}
    decide = step("decide_register", run, redis.incarnation, decision, 5)
    second = shell.run(decide, before=redis.described())
    assert results(second) == {"decision": decision}
    assert redis.ask("GET", f"deploy:{run}") == f"{decision} {redis.incarnation}"
    third = shell.run(step("forget_register", run), before=redis.described())
    assert redis.ask("EXISTS", f"deploy:{run}") == "0"
    assert [*first.outcomes.values(), *second.outcomes.values(), *third.outcomes.values()] == [
        "changed"
    ] * 3


def test_a_step_fails_when_the_fleet_decided_otherwise(
    shell: Shell, redis: Redis, run: str
) -> None:
    redis.ask("SET", f"deploy:{run}", f"abort {ELSEWHERE}")
    decide = step("decide_register", run, redis.incarnation, "commit", 5)
    ran = shell.run(decide, before=redis.described())
    assert results(ran) == {"decision": "abort"}
    assert ran.refusal.startswith("the fleet had decided before: abort, not commit")
    again = shell.run(step("open_register", run), before=redis.described())
    assert again.refusal.startswith("the register says abort of this run already")


def test_a_step_fails_when_the_decision_was_lost(shell: Shell, redis: Redis, run: str) -> None:
    decide = step("decide_register", run, redis.incarnation, "commit", 60)
    ran = shell.run(decide, before=redis.described())
    assert results(ran) == {}
    assert ran.refusal.startswith("redis lost the decision")
    redis.ask("SET", f"deploy:{run}", f"open {ELSEWHERE}")
    again = shell.run(step("open_register", run), before=redis.described())
    assert again.refusal.startswith("redis was restarted or failed over")


def test_steps_without_a_register_are_refused(shell: Shell, run: str) -> None:
    nowhere = [call("describe_register", "")]
    for one in (step("open_register", run), step("decide_register", run, "a:b", "commit", 1)):
        assert shell.run(one, before=nowhere).refusal.startswith("this fleet has no register")
    ran = shell.run(step("forget_register", run), before=nowhere)
    assert ran.outcomes == {"forget_register": "unchanged"}


def test_a_redis_out_of_reach_fails_the_steps_but_not_the_forgetting(
    shell: Shell, run: str
) -> None:
    place = described({"host": ADDRESS, "port": free_port()})
    for one in (step("open_register", run), step("decide_register", run, "a:b", "commit", 1)):
        ran = shell.run(one, before=place)
        assert ran.refusal.startswith("the register cannot be asked: 127.0.0.1")
    ran = shell.run(step("forget_register", run), before=place)
    assert ran.warnings.startswith(f"the key deploy:{run} stays in redis")
    assert ran.outcomes == {"forget_register": "unchanged"}


def test_a_decision_is_asked_for_until_it_is_read(
    dash: Shell, start_redis: Start, run: str
) -> None:
    server = start_redis()
    server.ask("SET", f"deploy:{run}", f"commit {ELSEWHERE}")
    server.ask("SAVE")
    server.stop()
    stage = dash.start(
        step("decide_register", run, ELSEWHERE, "commit", 60), before=server.described()
    )
    assert stage.stdout
    told = b""
    while b"the decision is not read yet" not in told:
        told += stage.stdout.read(1)
    stage.stdout.readline()
    server.start(wait=False)
    ran = finish(stage)
    assert results(ran) == {"decision": "commit"}
    assert ran.outcomes == {"decide_register": "changed"}
