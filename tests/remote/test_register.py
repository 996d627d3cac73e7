"""The fleet's one decision, in real redis servers: who decides, and what a lost key means."""

from __future__ import annotations

import pytest

from tests.remote.harness import Shell, fact, finish
from tests.remote.redis_server import (
    ELSEWHERE,
    Redis,
    Start,
    ask,
    opened,
)


def test_a_decision_is_taken_once_and_obeyed(shell: Shell, redis: Redis, run: str) -> None:
    before = redis.described()
    assert ask(shell, before, "read", run) == "missing"
    incarnation = opened(shell, before, run)
    assert incarnation == redis.incarnation
    assert ask(shell, before, "read", run) == f"open {incarnation}"
    assert ask(shell, before, "decide", run, incarnation, "abort") == "abort"
    assert ask(shell, before, "decide", run, incarnation, "commit") == "abort"
    assert ask(shell, before, "read", run) == "abort"
    assert ask(shell, before, "open", run) == "abort"
    assert redis.ask("TTL", f"deploy:{run}") == "-1"
    assert ask(shell, before, "forget", run) == "forgotten"
    assert redis.ask("EXISTS", f"deploy:{run}") == "0"


def test_opening_again_after_a_lost_answer_changes_nothing(
    shell: Shell, redis: Redis, run: str
) -> None:
    before = redis.described()
    assert opened(shell, before, run) == opened(shell, before, run)
    assert redis.ask("GET", f"deploy:{run}") == f"open {redis.incarnation}"


def test_of_thirty_that_decide_at_once_all_read_the_same(
    shell: Shell, redis: Redis, run: str
) -> None:
    before = redis.described()
    incarnation = opened(shell, before, run)
    wanted = ["commit", "abort"] * 15
    stages = [
        shell.start(fact("ask_register", "decide", run, incarnation, one), before=before)
        for one in wanted
    ]
    answers = {finish(stage).answer for stage in stages}
    assert len(answers) == 1
    assert redis.ask("GET", f"deploy:{run}").split() == [*answers, redis.incarnation]


def test_a_decision_is_obeyed_on_any_incarnation(shell: Shell, redis: Redis, run: str) -> None:
    redis.ask("SET", f"deploy:{run}", f"commit {ELSEWHERE}")
    before = redis.described()
    assert ask(shell, before, "decide", run, redis.incarnation, "abort") == "commit"
    assert ask(shell, before, "decide", run, ELSEWHERE, "abort") == "commit"
    assert ask(shell, before, "read", run, redis.incarnation) == "commit"


@pytest.mark.parametrize("held", ["now", ELSEWHERE, None])
@pytest.mark.parametrize("asked", ["now", ELSEWHERE, ""])
def test_only_what_is_open_on_this_incarnation_can_be_decided(
    dash: Shell, redis: Redis, run: str, held: str | None, asked: str
) -> None:
    now, key = redis.incarnation, f"deploy:{run}"
    if held:
        redis.ask("SET", key, f"open {now if held == 'now' else held}")
    stood = redis.ask("GET", key)
    incarnation = now if asked == "now" else asked
    answer = ask(dash, redis.described(), "decide", run, incarnation, "abort")
    if (held, asked) == ("now", "now"):
        assert answer == "abort"
    else:
        assert answer == "undecidable"
        assert redis.ask("GET", key) == stood


def test_open_on_another_incarnation_is_not_called_open(
    dash: Shell, redis: Redis, run: str
) -> None:
    redis.ask("SET", f"deploy:{run}", f"open {ELSEWHERE}")
    before = redis.described()
    assert ask(dash, before, "read", run) == "undecidable"
    assert ask(dash, before, "read", run, ELSEWHERE) == "undecidable"
    assert ask(dash, before, "open", run) == "undecidable"


def test_what_is_no_decision_is_not_written(dash: Shell, redis: Redis, run: str) -> None:
    incarnation = opened(dash, redis.described(), run)
    answer = ask(dash, redis.described(), "decide", run, incarnation, "perhaps")
    assert answer.startswith("unreachable")
    assert redis.ask("GET", f"deploy:{run}") == f"open {incarnation}"


def test_a_key_of_somebody_else_is_left_alone(dash: Shell, redis: Redis, run: str) -> None:
    redis.ask("SET", f"deploy:{run}", "a value of the app's")
    answer = ask(dash, redis.described(), "open", run)
    assert answer.endswith(f"the key deploy:{run} holds what this tool did not write")


def test_a_restart_that_lost_the_key_is_undecidable(
    dash: Shell, start_redis: Start, run: str
) -> None:
    server = start_redis()
    incarnation = opened(dash, server.described(), run)
    server.stop()
    server.start()
    assert ask(dash, server.described(), "read", run) == "missing"
    assert ask(dash, server.described(), "decide", run, incarnation, "abort") == "undecidable"
    assert server.ask("EXISTS", f"deploy:{run}") == "0"


def test_a_restart_that_kept_the_key_decides_nothing_but_obeys(
    dash: Shell, start_redis: Start, run: str
) -> None:
    server = start_redis()
    incarnation = opened(dash, server.described(), run)
    opened(dash, server.described(), f"{run}-done")
    ask(dash, server.described(), "decide", f"{run}-done", incarnation, "commit")
    server.ask("SAVE")
    server.stop()
    server.start()
    assert ask(dash, server.described(), "decide", run, incarnation, "commit") == "undecidable"
    assert ask(dash, server.described(), "decide", run, server.incarnation, "commit") == (
        "undecidable"
    )
    assert ask(dash, server.described(), "decide", f"{run}-done", incarnation, "abort") == "commit"


def test_an_evicted_key_is_undecidable(dash: Shell, start_redis: Start, run: str) -> None:
    server = start_redis(maxmemory="4mb", maxmemory_policy="allkeys-lru")
    incarnation = opened(dash, server.described(), run)
    fill = "for i = 1, 2000 do redis.call('SET', i .. '', string.rep('x', 10000)) end"
    while server.ask("EXISTS", f"deploy:{run}") == "1":
        server.ask("EVAL", fill, "0")
    assert ask(dash, server.described(), "decide", run, incarnation, "abort") == "undecidable"
