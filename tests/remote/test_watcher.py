"""The watcher: it ends when nothing is left to do, and keeps nobody waiting."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, Host, watchers
from tests.remote.harness import Shell, only, step

pytestmark = pytest.mark.shells_in_turn


@pytest.fixture
def serving(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release 1 is confirmed, and its watcher has ended."""
    host = Host(shell, tmp_path / "a 'b'")
    try:
        host.make("r1")
        assert (done := host.go_live("run1", "r1")).code == 0, done.log
        assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
        wait_until(lambda: watchers(host) == [], "the end of the watcher")
        yield host
    finally:
        host.end()


@only("dash")
def test_a_watcher_ends_only_with_the_lock_of_what_is_pending(serving: Host) -> None:
    """Found: one that was about to end took a start for nothing, and a switch had none."""
    serving.make("r2")
    assert serving.go_live("run2", "r2").code == 0
    watching, seen = serving.root / ".deploy/watching", set[int]()
    wait_until(watching.exists, "the watcher")
    watcher = int(watching.read_text())
    wait_until(lambda: bool(children(watcher, "sleep")), "the first look")
    pending, aside = (serving.root / ".deploy" / name for name in ("pending", "aside"))
    with (serving.root / ".deploy" / "pending.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pending.rename(aside)
        wait_until(lambda: looked(watcher, seen), "three more looks", 20)
        aside.rename(pending)
    serving.lapse()
    wait_until(lambda: serving.record("pending") == {}, "the watcher", 20)


def looked(watcher: int, seen: set[int]) -> bool:
    """It slept three times."""
    seen |= children(watcher, "sleep")
    return len(seen) > 3


def children(parent: int, name: str) -> set[int]:
    """The processes of that name that it started."""
    found = subprocess.run(
        ["pgrep", "-x", "-P", str(parent), name], capture_output=True, text=True, check=False
    )
    return {int(pid) for pid in found.stdout.split()}


@only("dash")
def test_nobody_waits_for_what_a_return_drains(serving: Host) -> None:
    """Found: the watcher held the lock until the last WebSocket to the failed release closed."""
    serving.linger = 60
    serving.make("r2")
    assert serving.go_live("run2", "r2").code == 0
    socket = serving.upgrade()
    serving.lapse()
    wait_until(lambda: serving.record("pending") == {}, "the watcher", 20)
    wait_until(lambda: not serving.is_locked(), "the lock")
    assert len(serving.running("r2")) == 2
    socket.close()
    wait_until(lambda: serving.running("r2") == [], "the end of the new release", 20)


@only("dash")
def test_after_a_power_cut_nobody_stands_by_for_what_is_confirmed(serving: Host) -> None:
    """Found: the end of `standby` had not reached the disk, and old code served again."""
    standby = serving.root / "sockets/standby"
    standby.symlink_to("r0")
    (serving.root / ".deploy/booted").write_text("another boot")
    assert serving.run("", step("boot_host")).code == 0
    assert not standby.is_symlink()
