"""What a host says of two releases beside each other: memory, and nginx's way to the sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import pytest

from deploy.facts.overlap import OverlapState, RedisState, parse_overlap
from tests.remote.fleet import Host
from tests.remote.harness import Shell, fact, only, step
from tests.remote.redis_server import Start


@pytest.fixture
def host(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    tmp_path.chmod(0o755)
    host = Host(shell, tmp_path / "a 'b'")
    host.make("r1")
    yield host
    host.end()


def ask(host: Host, release: str = "r1") -> OverlapState:
    sockets = str(host.root / "sockets")
    ran = host.run(release, fact("overlap_state", str(host.root), sockets))
    assert ran.of("fact")[0]["code"] == "0"
    return parse_overlap(ran.answer)


def test_what_the_processes_hold_and_what_is_left(host: Host) -> None:
    assert ask(host).held == 0
    assert (done := host.run("r1", step("boot_release", "r1", 20))).code == 0, done.log
    state = ask(host)
    assert 10_000 < state.held < 200_000, "two small processes of Node"
    assert state.room > 0


def test_a_directory_that_nobody_may_walk_is_named_with_its_mode(host: Host) -> None:
    before = {directory for directory, _ in ask(host).blocked}
    assert str(host.root) not in before
    host.root.joinpath("sockets").mkdir(mode=0o600)
    state = ask(host)
    if state.nginx_user != "root":
        assert set(state.blocked) - {(d, m) for d, m in state.blocked if d in before} == {
            (str(host.root / "sockets"), "600")
        }


def test_redis_tells_how_many_clients_it_takes_and_which_of_them_are_ours(
    host: Host, start_redis: Start
) -> None:
    redis = start_redis(maxclients="77")
    (described,) = redis.described()
    host.register = described.arguments[0].value  # type: ignore[union-attr]
    assert ask(host).redis is None, "nothing runs"
    host.make("r2", boot=f'require("net").connect({redis.port}, "127.0.0.1");' * 3)
    assert (done := host.run("r2", step("boot_release", "r2", 20))).code == 0, done.log
    with create_connection(("127.0.0.1", redis.port)):
        state = ask(host, "r2").redis
    assert state == RedisState(state.connected, 77, 6, "127.0.0.1", str(redis.port))  # type: ignore[union-attr]
    assert 7 <= state.connected <= 10  # type: ignore[union-attr]


@only("dash")
def test_where_nobody_says_which_redis_or_it_is_gone_nothing_is_said(
    host: Host, start_redis: Start
) -> None:
    assert (done := host.run("r1", step("boot_release", "r1", 20))).code == 0, done.log
    assert ask(host).redis is None
    redis = start_redis()
    (described,) = redis.described()
    host.register = described.arguments[0].value  # type: ignore[union-attr]
    redis.stop()
    assert ask(host).redis is None
