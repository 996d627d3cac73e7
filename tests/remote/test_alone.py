"""Where old and new code cannot run together: never both, the balancer told, failures counted.

Each release's server ends at once when it sees the other one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.facts.releases import parse_releases
from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, Host, watchers
from tests.remote.harness import Ran, Shell, fact, only, step

pytestmark = pytest.mark.shells_in_turn

ALONE = """
for (const pid of fs.readdirSync("/proc")) {
  let where = "";
  try { where = fs.readlinkSync("/proc/" + pid + "/cwd"); } catch (error) {}
  if (where !== process.cwd().replace(/[^/]*$/, "OTHER")) continue;
  console.log("OTHER runs as well");
  process.exit(9);
}
"""
LINE = '127.0.0.1 - - [now] "GET / HTTP/1.1" {} 10 "-" "-" "-" time=0.001\n'


@pytest.fixture
def serving(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release 1 is confirmed, and release 2 is there."""
    host = Host(shell, tmp_path / "a 'b'")
    host.make("r1", boot=ALONE.replace("OTHER", "r2"))
    assert (done := host.go_live("run1", "r1")).code == 0, done.log
    assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
    host.make("r2", boot=ALONE.replace("OTHER", "r1"))
    yield host
    host.end()


@pytest.fixture
def balancer(tmp_path: Path) -> Path:
    """A command that writes down what it was told, and refuses what the file `refused` says."""
    command = tmp_path / "balancer"
    refuse = f'! grep -qx "$1" "{tmp_path}/refused" 2>/dev/null || exit 1'
    command.write_text(f'#!/bin/sh\n{refuse}\necho "$1" >>"{tmp_path}/told"\n')
    command.chmod(0o755)
    return command


def told(balancer: Path) -> list[str]:
    return balancer.with_name("told").read_text().split()


def values(ran: Ran) -> dict[str, str]:
    return {report["key"]: report["text"] for report in ran.of("value")}


def test_the_old_one_ends_before_the_new_one_starts(serving: Host, balancer: Path) -> None:
    done = serving.go_live_alone("run2", "r2", balancer=str(balancer))
    assert done.code == 0, done.log
    assert serving.running("r1") == []
    assert serving.answer() == "r2"
    assert told(balancer) == ["out"]
    standby = serving.root / "sockets/standby"
    assert not standby.is_symlink(), "nginx would go on asking what is to be drained"
    assert serving.run("r2", step("join_balancer"), step("join_balancer")).outcomes == {
        "join_balancer": "unchanged"
    }
    assert told(balancer) == ["out", "in"]
    assert serving.run("r2", step("confirm_switch", "run2", DRAIN)).code == 0


def test_on_the_way_back_the_new_one_ends_before_the_old_one_starts(
    serving: Host, balancer: Path
) -> None:
    assert serving.go_live_alone("run2", "r2", balancer=str(balancer)).code == 0
    done = serving.run("r2", step("settle_switch", "run2", DRAIN))
    assert done.code == 0, done.log
    assert values(done)["state"] == "old"
    assert serving.answer() == "r1"
    assert serving.running("r2") == []
    assert told(balancer) == ["out", "in"]


@only("dash")
def test_a_new_release_that_does_not_boot_brings_the_old_one_back(
    serving: Host, balancer: Path
) -> None:
    serving.make("r3", boot="process.exit(3);")
    failed = serving.go_live_alone("run3", "r3", balancer=str(balancer))
    assert "ended while it started" in failed.refusal
    assert serving.answer() == "r1"
    assert told(balancer) == ["out", "in"]


@only("dash")
def test_the_watcher_brings_the_old_one_back_and_tells_the_balancer(
    serving: Host, balancer: Path
) -> None:
    assert serving.go_live_alone("run2", "r2", balancer=str(balancer)).code == 0
    serving.lapse()
    wait_until(lambda: told(balancer) == ["out", "in"], "the watcher", 20)
    assert serving.answer() == "r1"
    assert serving.running("r2") == []


@only("dash")
def test_a_balancer_that_refuses_stops_nothing(serving: Host) -> None:
    before = serving.running("r1")
    failed = serving.go_live_alone("run2", "r2", balancer="false")
    assert "the balancer's command `false out` ended with code 1" in failed.refusal
    assert serving.running("r1") == before
    assert serving.record("pending") == {}


@only("dash")
def test_what_failed_meanwhile_is_counted(serving: Host, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(LINE.format(502) * 7)
    assert serving.go_live_alone("run2", "r2", log=str(log)).code == 0
    with log.open("a") as more:
        more.write(LINE.format(502) * 2 + LINE.format(200))
    done = serving.run("r2", step("tell_failed", str(log)))
    assert values(done) == {"failed": "2"}
    assert "2 requests to this host failed" in done.warnings


@only("dash")
def test_a_log_that_was_begun_anew_is_not_counted(serving: Host, tmp_path: Path) -> None:
    """Found: after a rotation, 0 failed requests were reported as a fact."""
    log = tmp_path / "access.log"
    log.write_text(LINE.format(200) * 7)
    assert serving.go_live_alone("run2", "r2", log=str(log)).code == 0
    log.rename(tmp_path / "access.log.1")
    log.write_text(LINE.format(502))
    done = serving.run("r2", step("tell_failed", str(log)))
    assert values(done) == {}
    assert "are not counted" in done.warnings
    log.write_text(LINE.format(502) * 9)
    assert values(serving.run("r2", step("tell_failed", str(log)))) == {}


def test_what_came_back_meanwhile_is_not_stopped_nor_joined_by_the_new_one(serving: Host) -> None:
    """Found: the watcher returned, and the script that went on stopped what it had returned to."""
    before = serving.running("r1")
    assert serving.go_live_first("run2", "r2").code == 0
    assert serving.run("r2", step("settle_switch", "run2", DRAIN)).code == 0
    for late in (step("stop_confirmed", "run2", DRAIN, ""), step("boot_release", "r2", 20, "run2")):
        assert "of run run2 is not pending any more" in serving.run("r2", late).refusal
    assert serving.running("r1") == before
    assert serving.running("r2") == []


@only("dash")
def test_nobody_returns_to_what_is_being_stopped(serving: Host) -> None:
    """Found: it was returned to while it was drained, found alive, and ended after that."""
    slow = serving.start_request("/slow")
    assert serving.go_live_first("run2", "r2").code == 0
    stopping = serving.start("r2", step("stop_confirmed", "run2", DRAIN, ""))
    wait_until(lambda: "run" in serving.record("alone"), "the drain")
    serving.lapse()
    wait_until(lambda: serving.record("pending") == {}, "the watcher", 20)
    stopping.communicate(timeout=20)
    assert slow.wait(10) == 0
    assert serving.answer() == "r1"


@only("dash")
def test_long_lived_connections_hold_up_neither_way(serving: Host) -> None:
    """Found: a host that served nothing waited for WebSockets as long as one that overlaps."""
    serving.linger = 20
    sockets = [serving.upgrade()]
    assert serving.go_live_first("run2", "r2").code == 0
    stopped = serving.run(
        "r2", step("stop_confirmed", "run2", 0, ""), step("boot_release", "r2", 20, "run2")
    )
    assert "1 connections to r1 are left after 0 s" in stopped.warnings
    sockets.append(serving.upgrade())
    back = serving.run("r2", step("settle_switch", "run2", DRAIN))
    assert "1 connections to r2 are left after 0 s" in back.warnings


@only("dash")
def test_what_is_confirmed_again_is_not_stopped_for_itself(serving: Host) -> None:
    """Found: a rollback to the confirmed release, which was doubted, stopped what it had proved."""
    assert serving.go_live_alone("run2", "r1").code == 0
    proved = serving.running("r1")
    assert serving.run("r1", step("confirm_switch", "run2", DRAIN)).code == 0
    assert serving.running("r1") == proved


@only("dash")
def test_a_host_with_nothing_decided_stays_out_of_the_balancer(
    serving: Host, balancer: Path
) -> None:
    """Found: the undo let the balancer in where the old release was stopped and stayed so."""
    assert serving.go_live_alone("run2", "r2", balancer=str(balancer)).code == 0
    undone = serving.run("r2", step("rejoin_balancer"))
    assert undone.outcomes == {"rejoin_balancer": "unchanged"}
    assert told(balancer) == ["out"]


@only("dash")
def test_a_balancer_that_did_not_hear_is_told_later(serving: Host, balancer: Path) -> None:
    """Found: ready_command failed once, and nobody tried again, or knew."""
    assert serving.go_live_alone("run2", "r2", balancer=str(balancer)).code == 0
    refused = balancer.with_name("refused")
    refused.write_text("in\n")
    back = serving.run("r2", step("settle_switch", "run2", DRAIN))
    assert values(back)["state"] == "old"
    assert "the balancer was not told" in back.warnings
    places = (str(serving.root), str(serving.root / "sockets"))
    state = parse_releases(serving.run("", fact("releases_state", *places)).answer)
    assert state.objection == "the balancer was not told that this host is back"
    serving.lapse()
    refused.unlink()
    wait_until(lambda: told(balancer) == ["out", "in"], "the watcher", 20)
    wait_until(lambda: watchers(serving) == [], "the end of the watcher")


@only("dash")
def test_a_host_that_joined_again_leaves_again_on_the_way_back(
    serving: Host, balancer: Path
) -> None:
    """Found: another host failed, and this one stopped its release with the balancer sending."""
    assert serving.go_live_alone("run2", "r2", balancer=str(balancer)).code == 0
    assert serving.run("r2", step("join_balancer")).code == 0
    assert serving.run("r2", step("settle_switch", "run2", DRAIN)).code == 0
    assert told(balancer) == ["out", "in", "out", "in"]
    assert serving.answer() == "r1"


@only("dash")
def test_a_host_that_left_and_was_never_switched_is_let_in(serving: Host, balancer: Path) -> None:
    """Found: nobody ran ready_command after a power cut between drain_command and the switch."""
    wait_until(lambda: watchers(serving) == [], "the end of the first watcher")
    assert serving.leave("run2", "r2", str(balancer)).code == 0
    serving.lapse()
    wait_until(lambda: told(balancer) == ["out", "in"], "the watcher", 20)
