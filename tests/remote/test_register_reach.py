"""How redis is reached and logged in to, what is told when it is not, and what is never told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.shell import call
from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.remote.harness import Shell, fact, finish, session, step
from tests.remote.redis_server import (
    ADDRESS,
    ELSEWHERE,
    PASSWORD,
    Redis,
    Start,
    ask,
    described,
    opened,
    start_tls,
)

SEEN = "$(reboot)"
"""The part of it that no quoting changes."""


def test_a_full_redis_is_told(dash: Shell, start_redis: Start, run: str) -> None:
    server = start_redis(maxmemory="1kb", maxmemory_policy="noeviction")
    assert " OOM " in ask(dash, server.described(), "open", run)


def test_a_password_lets_in_and_is_told_to_nobody(
    shell: Shell, start_redis: Start, run: str
) -> None:
    server = start_redis(password="s3cret-word")  # noqa: S106
    before = server.described(password="s3cret-word")  # noqa: S106
    incarnation = opened(shell, before, run)
    assert incarnation == server.incarnation
    without = ask(shell, server.described(), "open", run)
    assert without == f"unreachable {ADDRESS}:{server.port}: NOAUTH Authentication required."
    wrong = shell.run(
        step("open_register", run),
        before=server.described(password="wr0ng-word"),  # noqa: S106
    )
    assert "the login is refused (WRONGPASS)" in wrong.refusal
    assert "wr0ng" not in str(wrong)


def test_a_server_that_repeats_the_password_does_not_make_us_repeat_it(
    dash: Shell, start_redis: Start, run: str
) -> None:
    server = start_redis(rename_command='AUTH" "')  # an unknown command is told with its arguments
    assert SEEN in server.ask("AUTH", PASSWORD)
    ran = dash.run(
        fact("ask_register", "open", run), before=server.described(password=PASSWORD, username="u")
    )
    assert ran.answer == f"unreachable {ADDRESS}:{server.port}: the login is refused (ERR)"
    assert SEEN not in str(ran)


def test_a_reason_that_holds_the_password_is_masked(dash: Shell, run: str) -> None:
    place = {"socket": f"/nowhere/{PASSWORD}", "password": PASSWORD}
    answer = ask(dash, described(place), "open", run)
    assert answer == "unreachable /nowhere/***: connect ENOENT /nowhere/***"


def test_a_redis_without_a_password_lets_everybody_in(dash: Shell, redis: Redis, run: str) -> None:
    """As it does the app, whose client only warns."""
    assert opened(dash, redis.described(password=PASSWORD), run) == redis.incarnation


def test_no_command_line_shows_the_password(shell: Shell, run: str) -> None:
    """While a server makes it wait, every process of the stage is looked at."""
    with socket.create_server((ADDRESS, 0)) as server:
        place = {"host": ADDRESS, "port": server.getsockname()[1], "password": PASSWORD}
        stage = shell.start(fact("ask_register", "open", run), before=described(place))
        connection, _ = server.accept()
        with connection:
            assert PASSWORD in connection.recv(1000).decode()
            lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in session(stage.pid)]
    ran = finish(stage)
    assert any(line.startswith("node\0") for line in lines)
    assert not any(SEEN in line for line in lines)
    assert ran.answer.endswith("the connection was closed without an answer")
    assert SEEN not in str(ran)


def test_a_user_of_the_acl_needs_few_rights(dash: Shell, start_redis: Start, run: str) -> None:
    server = start_redis()
    server.ask("ACL", "SETUSER", "deploy", "on", ">w0rd", "~deploy:*", "-@all")
    place = server.described(username="deploy", password="w0rd")  # noqa: S106
    assert " NOPERM " in ask(dash, place, "open", run)
    server.ask("ACL", "SETUSER", "deploy", "+eval", "+info", "+get", "+set", "+del", "+wait")
    incarnation = opened(dash, place, run)
    assert ask(dash, place, "decide", run, incarnation, "commit") == "commit"
    assert ask(dash, place, "forget", run) == "forgotten"


def test_the_database_is_the_one_that_is_named(dash: Shell, redis: Redis, run: str) -> None:
    opened(dash, redis.described(db=3), run)
    assert redis.ask("-n", "3", "EXISTS", f"deploy:{run}") == "1"
    assert ask(dash, redis.described(), "read", run) == "missing"
    beyond = ask(dash, redis.described(db=99), "open", run)
    assert beyond.endswith("DB index is out of range")
    assert redis.ask("EXISTS", f"deploy:{run}") == "0"


def test_a_unix_socket_is_reached(
    dash: Shell, start_redis: Start, tmp_path: Path, run: str
) -> None:
    path = str(tmp_path / "redis.sock")
    server = start_redis(unixsocket=path)
    assert opened(dash, described({"socket": path}), run) == server.incarnation


def test_tls_is_spoken_and_certificates_are_checked(
    dash: Shell, start_redis: Start, tmp_path: Path, run: str
) -> None:
    server, place = start_tls(start_redis, tmp_path)
    ca = str(tmp_path / "ca.pem")
    assert opened(dash, described({**place, "tls": {"ca": ca}}), run) == server.incarnation
    named = {"ca": ca, "servername": "redis.test"}
    assert ask(dash, described({**place, "tls": named}), "read", run).startswith("open ")
    unchecked = {"reject_unauthorized": False}
    assert ask(dash, described({**place, "tls": unchecked}), "read", run).startswith("open ")
    for tls in (True, {"servername": "redis.test"}, {"ca": ca, "servername": "other.test"}):
        assert "unreachable" in ask(dash, described({**place, "tls": tls}), "read", run)
    missing = ask(dash, described({**place, "tls": {"ca": "/nowhere.pem"}}), "read", run)
    assert "/nowhere.pem" in missing
    assert "unreachable" in ask(dash, described(place), "read", run)


def test_a_replica_is_not_asked(dash: Shell, start_redis: Start, run: str) -> None:
    server = start_redis(replicaof=f'{ADDRESS}" "1', replica_read_only="no")
    for action in ("open", "read", "forget"):
        answer = ask(dash, server.described(), action, run)
        assert answer.endswith("this redis is a read-only replica")


def test_a_redis_that_loads_its_data_is_told(dash: Shell, start_redis: Start, run: str) -> None:
    server = start_redis()
    server.ask("EVAL", "for i = 1, 20000 do redis.call('SET', i .. '', i) end", "0")
    server.ask("SAVE")
    server.stop()
    # 2 ms a key, and a look at its clients every 100 keys or so.
    server.options = {"key-load-delay": "2000", "loading-process-events-interval-bytes": "1024"}
    server.start(wait=False)
    wait_until(lambda: server.ask("PING").startswith("LOADING"), "a redis that loads")
    answer = ask(dash, server.described(), "open", run)
    assert "LOADING Redis is loading the dataset in memory" in answer


def test_nobody_listening_is_told(shell: Shell, run: str) -> None:
    port = free_port()
    answer = ask(shell, described({"host": ADDRESS, "port": port}), "open", run)
    assert answer == f"unreachable {ADDRESS}:{port}: connect ECONNREFUSED {ADDRESS}:{port}"


def test_a_server_that_never_answers_is_given_up_after_five_seconds(dash: Shell, run: str) -> None:
    with socket.create_server((ADDRESS, 0)) as server:
        port = server.getsockname()[1]
        answer = ask(dash, described({"host": ADDRESS, "port": port}), "open", run)
    assert answer == f"unreachable {ADDRESS}:{port}: no answer within 5 s"


def test_another_protocol_is_no_redis(dash: Shell, run: str) -> None:
    with socket.create_server((ADDRESS, 0)) as server:
        place = described({"host": ADDRESS, "port": server.getsockname()[1]})
        stage = dash.start(fact("ask_register", "open", run), before=place)
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            ran = finish(stage)
    assert ran.answer.endswith("this is no redis")


@pytest.mark.parametrize("place", ["", "{"])
def test_without_settings_that_can_be_read_nobody_is_asked(
    shell: Shell, run: str, place: str
) -> None:
    answer = ask(shell, [call("describe_register", place)], "decide", run, ELSEWHERE, "abort")
    assert answer == (
        "unreachable redis: the settings of the register cannot be read" if place else "none"
    )


def test_without_node_nothing_is_known(dash: Shell, redis: Redis, run: str) -> None:
    program = dash.bin / "node"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    answer = ask(dash, redis.described(), "open", run)
    assert answer == "unreachable node, which asks redis, does not run or was ended"
