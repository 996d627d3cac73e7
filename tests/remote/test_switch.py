"""The socket switch on one host: boot beside, go live, confirm or return; without a register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, Host, watchers
from tests.remote.harness import Ran, Shell, only, step
from tests.remote.redis_server import Redis

pytestmark = pytest.mark.shells_in_turn


@pytest.fixture
def host(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    host = Host(shell, tmp_path / "a 'b'")
    yield host
    host.end()


@pytest.fixture
def serving(host: Host) -> Host:
    """Release 1 is confirmed."""
    host.make("r1")
    done = host.go_live("run1", "r1")
    assert done.code == 0, done.log
    assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
    return host


def test_a_release_goes_live_and_is_confirmed_by_one_rename(serving: Host) -> None:
    assert serving.answer() == "r1"
    assert serving.record("confirmed") == {"run": "run1", "release": "r1", "incarnation": "none"}
    assert serving.record("pending") == {}
    assert len(serving.running("r1")) == 2


def test_the_next_one_is_pending_beside_the_old_one_until_it_is_confirmed(serving: Host) -> None:
    serving.make("r2")
    assert (done := serving.go_live("run2", "r2")).code == 0, done.log
    assert serving.answer() == "r2"
    assert serving.record("pending")["release"] == "r2"
    assert len(serving.running("r1")) == 2, "the old one can take over at once"
    confirmed = serving.run("r2", step("confirm_switch", "run2", DRAIN))
    assert confirmed.code == 0, confirmed.log
    assert [r["text"] for r in confirmed.of("value") if r["key"] == "state"] == ["new"]
    assert serving.running("r1") == []
    assert serving.answer() == "r2"
    wait_until(lambda: watchers(serving) == [], "the end of the watcher")


def test_what_is_returned_serves_as_before(serving: Host) -> None:
    before = serving.running("r1")
    serving.make("r2")
    serving.go_live("run2", "r2")
    done = serving.run("r2", step("settle_switch", "run2", DRAIN))
    assert done.code == 0, done.log
    assert [r["text"] for r in done.of("value") if r["key"] == "state"] == ["old"]
    assert serving.answer() == "r1"
    assert serving.running("r1") == before
    assert serving.running("r2") == []
    assert serving.record("returned")["run"] == "run2"


def test_the_old_release_stands_by_until_the_new_one_is_confirmed(serving: Host) -> None:
    standby = serving.root / "sockets/standby"
    assert not standby.is_symlink()
    serving.make("r2")
    assert serving.go_live("run2", "r2").code == 0
    assert standby.readlink() == Path("r1")
    assert serving.run("r2", step("settle_switch", "run2", DRAIN)).code == 0
    assert not standby.is_symlink(), "it is live again"
    assert serving.go_live("run3", "r2").code == 0
    assert standby.readlink() == Path("r1")
    assert serving.run("r2", step("confirm_switch", "run3", DRAIN)).code == 0
    assert not standby.is_symlink(), "nobody is served by old code"


def test_the_watcher_returns_when_the_lease_lapses(serving: Host) -> None:
    serving.make("r2")
    serving.go_live("run2", "r2")
    assert serving.answer() == "r2"
    serving.lapse()
    wait_until(lambda: serving.record("pending") == {}, "the watcher", 20)
    assert serving.answer() == "r1"
    wait_until(lambda: serving.running("r2") == [], "the end of the new release", 20)
    wait_until(lambda: watchers(serving) == [], "the end of the watcher")


@only("dash")
@pytest.mark.parametrize(
    ("boot", "status", "why"),
    [
        ("oh no(", "200", "ended while it started"),
        ("process.exit(3);", "200", "ended while it started"),
        ("", "500", "answers 500"),
    ],
)
def test_what_does_not_boot_never_goes_live(
    serving: Host, boot: str, status: str, why: str
) -> None:
    serving.make("r2", boot=boot, status=status)
    failed = serving.run(
        "r2",
        step("boot_release", "r2", 6),
        step("switch_live", "run2", "r2"),
    )
    assert failed.code == 1
    assert why in failed.refusal
    assert serving.answer() == "r1"
    assert serving.run("r2", step("end_release", "r2")).code == 0
    assert serving.running("r2") == []


@only("dash")
def test_a_run_without_the_fence_switches_nothing(serving: Host) -> None:
    serving.make("r2")
    serving.grant("run3")
    refused = serving.run("r2", step("switch_live", "run2", "r2"))
    assert "another run was granted" in refused.refusal
    assert serving.answer() == "r1"
    assert serving.record("pending") == {}


@only("dash")
def test_nothing_is_switched_over_what_is_pending(serving: Host) -> None:
    serving.make("r2")
    serving.go_live("run2", "r2")
    serving.make("r3")
    serving.grant("run3")
    refused = serving.run("r3", step("switch_live", "run3", "r3"))
    assert "run2 is still pending" in refused.refusal


@only("dash")
def test_a_confirmation_that_comes_late_is_no_confirmation(serving: Host) -> None:
    serving.make("r2")
    serving.go_live("run2", "r2")
    serving.run("r2", step("settle_switch", "run2", DRAIN))
    late = serving.run("r2", step("confirm_switch", "run2", DRAIN))
    assert "it was returned" in late.refusal
    assert serving.answer() == "r1"


def test_connections_in_flight_are_drained_before_the_old_one_stops(serving: Host) -> None:
    serving.make("r2")
    slow = serving.start_request("/slow")
    serving.go_live("run2", "r2")
    confirmed = serving.run("r2", step("confirm_switch", "run2", DRAIN))
    assert confirmed.code == 0
    assert slow.wait(10) == 0
    assert '"r1"' in slow.stdout.read().decode()  # type: ignore[union-attr]


@only("dash")
def test_what_is_left_after_the_drain_is_told_by_number(serving: Host) -> None:
    serving.make("r2")
    slow = serving.start_request("/endless")
    serving.go_live("run2", "r2")
    confirmed = serving.run("r2", step("confirm_switch", "run2", 0))
    assert "1 connections to r1 are left" in confirmed.warnings
    assert slow.wait(10) != 0


@only("dash")
def test_where_nothing_listens_the_release_is_proved_on_its_own_sockets(serving: Host) -> None:
    """One start of node tells it, and asks; what listens and does not answer is no such thing."""
    proved = serving.run("r1", step("prove_front", "http://127.0.0.1:1", "h", 5))
    assert proved.code == 0
    assert "nothing listens on http://127.0.0.1:1" in proved.warnings


@only("dash")
def test_websockets_that_outlast_every_request_are_told_and_then_cut(serving: Host) -> None:
    serving.make("r2")
    sockets = [serving.upgrade(), serving.upgrade()]
    serving.go_live("run2", "r2")
    serving.linger = 1
    confirmed = serving.run("r2", step("confirm_switch", "run2", 0))
    assert reported(confirmed) == {"long_lived": "2", "cut": "2", "state": "new"}
    assert "2 long-lived connections (WebSockets) to r1 remain after 0 s" in said(confirmed)
    assert "2 connections to r1 are left after 1 s: they are cut" in confirmed.warnings
    assert [one.recv(1) for one in sockets] == [b"", b""]


@only("dash")
def test_websockets_that_close_within_their_own_limit_are_not_cut(serving: Host) -> None:
    """Nobody waits for the rest of the limit, at which what is left would be cut."""
    serving.make("r2")
    socket = serving.upgrade()
    serving.go_live("run2", "r2")
    serving.linger = 60
    running = serving.start("r2", step("confirm_switch", "run2", 1))
    assert running.stdout is not None
    lines = []
    for line in running.stdout:
        lines.append(line)
        if b"1 long-lived connections" in line:
            socket.sendall(b"still here")
            assert socket.recv(100) == b"still here"
            socket.close()
    assert running.wait(20) == 0
    assert b'"cut"' not in b"".join(lines)
    assert serving.running("r1") == []


def said(ran: Ran) -> list[str]:
    """What a person is told while it goes on."""
    return [r["text"] for r in ran.of("noted")]


def reported(ran: Ran) -> dict[str, str]:
    """The values of a stage."""
    return {r["key"]: r["text"] for r in ran.of("value")}


@only("dash")
def test_a_switch_that_comes_after_its_undo_finds_the_decision_taken(
    serving: Host, redis: Redis
) -> None:
    """The undo overtook the switch: it has to write abort, though nothing is pending yet."""
    (described,) = redis.described()
    serving.register = described.arguments[0].value  # type: ignore[union-attr]
    serving.make("r2")
    serving.grant("run2")
    assert serving.run("r2", step("open_register", "run2")).code == 0
    undone = serving.run("r2", step("settle_switch", "run2", DRAIN))
    assert undone.code == 0, undone.log
    assert redis.ask("GET", "deploy:run2").startswith("abort")
    late = serving.run("r2", step("switch_live", "run2", "r2"))
    assert "the register is not open" in late.refusal
    assert serving.answer() == "r1"
    assert serving.run("r2", step("forget_register", "run2")).code == 0
    later = serving.run("r2", step("switch_live", "run2", "r2"))
    assert "missing" in later.refusal
