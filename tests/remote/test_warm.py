"""The release before is kept running for a while: back at once, and ended in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, Host, watchers
from tests.remote.harness import Shell, fact, only, step

pytestmark = pytest.mark.shells_in_turn

LONG = 600


@pytest.fixture
def host(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release 2 is confirmed; release 1 is warm."""
    host = Host(shell, tmp_path / "a 'b'", warm=LONG)
    try:
        host.make("r1")
        confirm(host, "run1", "r1")
        host.make("r2")
        confirm(host, "run2", "r2")
        assert len(host.running("r1")) == 2
        yield host
    finally:
        host.end()


def confirm(host: Host, run: str, name: str) -> None:
    assert (done := host.go_live(run, name)).code == 0, done.log
    assert (done := host.run(name, step("confirm_switch", run, DRAIN))).code == 0, done.log


def withdrawn(host: Host) -> list[str]:
    """The releases that were rolled back from."""
    return [mark.parent.parent.name for mark in host.root.glob("releases/*/.deploy/withdrawn")]


def expire(host: Host) -> None:
    """The time of the warm release is over."""
    record = host.root / ".deploy" / "warm"
    text = record.read_text()
    record.write_text(text.replace(f"until={host.record('warm')['until']}", "until=1"))


def test_the_way_back_needs_no_boot(host: Host) -> None:
    before = host.running("r1")
    assert len(before) == 2
    back = host.run("r1", step("boot_release", "r1", 20))
    assert list(back.outcomes.values()) == ["unchanged"]
    confirm(host, "run3", "r1")
    assert host.answer() == "r1"
    assert host.running("r1") == before
    assert host.record("warm")["release"] == "r2"
    assert len(host.running("r2")) == 2


def test_it_is_no_stray_that_speaks_against_the_host(host: Host) -> None:
    """Seen: a second deploy of the same commit was none that had nothing to do, while warm."""
    assert host.run("", fact("answers")).answer == ""
    (host.root / ".deploy" / "warm").unlink()
    assert "of release r1 runs beside" in host.run("", fact("answers")).answer


def test_what_tidies_up_leaves_it(host: Host) -> None:
    host.run("r2", step("end_strays"), step("end_release", "r1"))
    assert len(host.running("r1")) == 2


def test_it_ends_before_a_third_starts(host: Host) -> None:
    host.make("r3")
    assert (done := host.run("r3", step("boot_release", "r3", 20))).code == 0, done.log
    assert host.running("r1") == []
    assert host.record("warm") == {}
    assert host.answer() == "r2"


def test_the_watcher_ends_it_when_its_time_is_over(host: Host) -> None:
    expire(host)
    wait_until(lambda: host.running("r1") == [], "the end of the warm release")
    wait_until(lambda: watchers(host) == [], "the end of the watcher")
    assert host.record("warm") == {}
    assert host.answer() == "r2"


@only("dash")
def test_nobody_waits_for_the_connections_to_what_was_warm(host: Host) -> None:
    """Found: the lock was held until the last one closed; the next deploy booted a third."""
    expire(host)
    wait_until(lambda: host.running("r1") == [], "the end of the warm release")
    host.linger = LONG + 60
    confirm(host, "run3", "r1")
    socket = host.upgrade("r2")
    expire(host)
    wait_until(lambda: "connections to r2" in log(host), "the drain", 20)
    assert not host.is_locked()
    host.make("r3")
    assert (done := host.run("r3", step("boot_release", "r3", 20))).code == 0, done.log
    assert host.running("r2") == []
    socket.close()


def log(host: Host) -> str:
    """What its watchers said."""
    return (host.root / ".deploy/watcher.log").read_text()


def test_what_gives_way_to_an_older_release_is_marked_until_it_is_confirmed_again(
    host: Host,
) -> None:
    assert withdrawn(host) == []
    confirm(host, "run3", "r1")
    assert withdrawn(host) == ["r2"]
    confirm(host, "run4", "r2")
    assert withdrawn(host) == []
