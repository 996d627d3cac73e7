"""Sentinels and a failover between opening and deciding; and the node of every era."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.shell import Call
from tests.lab.processes import wait_until
from tests.lab.site import App
from tests.lab.toolchain import provide_node
from tests.ports import free_port
from tests.remote.harness import Shell, fact, finish
from tests.remote.redis_server import (
    ADDRESS,
    PASSWORD,
    Redis,
    Start,
    ask,
    described,
    opened,
    start_tls,
)

_SENTINEL = """
sentinel monitor fleet {address} {port} 1
sentinel down-after-milliseconds fleet 1000
sentinel failover-timeout fleet 10000
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A primary with a replica, and the sentinel that watches them."""

    primary: Redis
    replica: Redis
    sentinel: Redis

    def described(self, *before: int) -> list[Call]:
        """By way of the sentinel, and of others on the ports `before`, which are asked first."""
        ports = [*before, self.sentinel.port]
        sentinels = [{"host": ADDRESS, "port": port} for port in ports]
        return described({"sentinels": sentinels, "name": "fleet"})

    def fail_over(self) -> None:
        """The replica becomes primary."""
        self.sentinel.ask("SENTINEL", "FAILOVER", "fleet")
        wait_until(lambda: self._master() == self.replica.port, "the sentinel's new primary")

    def _master(self) -> int:
        return int(self.sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "fleet").split()[1])


@pytest.fixture
def pair(start_redis: Start) -> tuple[Redis, Redis]:
    """A primary, and a replica that follows it."""
    primary = start_redis(repl_diskless_sync_delay="0")
    replica = start_redis(repl_diskless_sync_delay="0")
    follow(replica, primary)
    return primary, replica


@pytest.fixture
def fleet(tmp_path: Path, pair: tuple[Redis, Redis]) -> Iterator[Fleet]:
    primary, replica = pair
    watched = _SENTINEL.format(address=ADDRESS, port=primary.port)
    sentinel = Redis(tmp_path / "sentinel", sentinel=watched)
    try:
        sentinel.start()
        wait_until(lambda: str(replica.port) in sentinel.ask("SENTINEL", "REPLICAS", "fleet"), "it")
        yield Fleet(primary, replica, sentinel)
    finally:
        sentinel.stop()


def follow(replica: Redis, primary: Redis) -> None:
    """Make it a replica, and wait until it holds all that the primary has."""
    replica.ask("REPLICAOF", ADDRESS, str(primary.port))
    wait_until(lambda: "master_link_status:up" in replica.ask("INFO", "replication"), "the replica")


def test_after_a_failover_nothing_open_is_decided_and_a_decision_is_obeyed(
    dash: Shell, fleet: Fleet, run: str
) -> None:
    before, done = fleet.described(), f"{run}-done"
    incarnation = opened(dash, before, run)
    assert incarnation == opened(dash, before, done) == fleet.primary.incarnation
    assert ask(dash, before, "decide", done, incarnation, "commit") == "commit"
    assert fleet.replica.ask("GET", f"deploy:{done}") == f"commit {incarnation}"
    fleet.fail_over()
    assert ask(dash, before, "read", run) == "undecidable"
    assert ask(dash, before, "decide", run, incarnation, "abort") == "undecidable"
    assert ask(dash, before, "decide", done, incarnation, "abort") == "commit"
    assert opened(dash, before, f"{run}-next") == fleet.replica.incarnation


def test_a_primary_that_comes_back_is_another_incarnation(
    dash: Shell, pair: tuple[Redis, Redis], run: str
) -> None:
    """Its run_id is the old one, its data is the other's: a decision of its own may be lost."""
    primary, replica = pair
    incarnation = opened(dash, primary.described(), run)
    replica.ask("REPLICAOF", "NO", "ONE")
    assert ask(dash, primary.described(), "decide", run, incarnation, "commit") == "commit"
    follow(primary, replica)
    primary.ask("REPLICAOF", "NO", "ONE")
    assert primary.incarnation.split(":")[0] == incarnation.split(":")[0]
    assert ask(dash, primary.described(), "read", run) == "undecidable"
    assert ask(dash, primary.described(), "decide", run, incarnation, "abort") == "undecidable"


def test_a_replica_that_does_not_acknowledge_holds_nobody_up(
    dash: Shell, pair: tuple[Redis, Redis], run: str
) -> None:
    primary, replica = pair
    assert replica.process
    replica.process.send_signal(signal.SIGSTOP)
    try:
        ran = dash.run(fact("ask_register", "open", run), before=primary.described())
    finally:
        replica.process.send_signal(signal.SIGCONT)
    assert ran.answer == f"open {primary.incarnation}"
    assert "redis: no replica has acknowledged open within 1 s" in ran.log


def test_sentinels_that_fail_are_passed_over(dash: Shell, fleet: Fleet, run: str) -> None:
    """One refuses the connection, one is a redis, one never answers."""
    stale = fleet.described(free_port(), fleet.primary.port)
    assert opened(dash, stale, run) == fleet.primary.incarnation
    with socket.create_server((ADDRESS, 0)) as silent:
        late = fleet.described(silent.getsockname()[1])
        assert ask(dash, late, "read", run) == f"open {fleet.primary.incarnation}"


def test_a_sentinel_that_missed_the_failover_is_passed_over(
    dash: Shell, fleet: Fleet, run: str
) -> None:
    """Cut off from the others, it still names what is a replica now."""
    with socket.create_server((ADDRESS, 0)) as stale:
        before = fleet.described(stale.getsockname()[1])
        stage = dash.start(fact("ask_register", "open", run), before=before)
        connection, _ = stale.accept()
        with connection:
            port = str(fleet.replica.port)
            named = f"*2\r\n$9\r\n{ADDRESS}\r\n${len(port)}\r\n{port}\r\n"
            connection.sendall(named.encode())
            ran = finish(stage)
    assert ran.answer == f"open {fleet.primary.incarnation}"


def test_sentinels_that_know_nothing_are_told(dash: Shell, fleet: Fleet, run: str) -> None:
    sentinel = {"host": ADDRESS, "port": fleet.sentinel.port}
    other = described({"sentinels": [sentinel], "name": "other"})
    answer = ask(dash, other, "open", run)
    assert answer == f"unreachable {ADDRESS}:{fleet.sentinel.port}: this sentinel knows no other"


@pytest.mark.parametrize("era", [14, 18])
def test_the_node_of_every_era_decides(
    era: App, tmp_path: Path, dash: Shell, start_redis: Start, run: str
) -> None:
    """Node 8 and 12, by way of TLS, with a password that is not ASCII."""
    (dash.bin / "node").symlink_to(provide_node(era) / "node")
    server, place = start_tls(start_redis, tmp_path)
    server.ask("ACL", "SETUSER", "deploy", "on", f">{PASSWORD}", "~deploy:*", "+@all")
    login = {"username": "deploy", "password": PASSWORD}
    tls = {"ca": str(tmp_path / "ca.pem"), "servername": "redis.test"}
    before = described({**place, **login, "tls": tls})
    incarnation = opened(dash, before, run)
    assert ask(dash, before, "decide", run, incarnation, "commit") == "commit"
    assert "unreachable" in ask(dash, described({**place, **login, "tls": True}), "read", run)
