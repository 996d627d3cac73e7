"""A rolling reload of processes loses no request: each ends its work before it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.fleet import Host
from tests.remote.harness import Shell, step

pytestmark = pytest.mark.shells_in_turn


@pytest.fixture
def serving(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Two processes of release 1."""
    host = Host(shell, tmp_path / "h")
    host.make("r1")
    assert (done := host.go_live("run1", "r1")).code == 0, done.log
    yield host
    host.end()


def test_a_request_in_flight_is_answered_whatever_its_method(serving: Host) -> None:
    """Measured: 5 of 126 actions of 3 s were lost, by two processes in turn."""
    before = serving.running("r1")
    request = serving.start_request("/slow")
    done = serving.run("r1", step("reload_cluster", 20, 30))
    assert done.code == 0, done.log
    answer, _ = request.communicate(timeout=20)
    assert b'"r1"' in answer
    assert len(serving.running("r1")) == 2
    assert not set(serving.running("r1")) & set(before)


def test_nobody_connects_to_a_process_that_is_about_to_end(serving: Host) -> None:
    request = serving.start_request("/slow")
    reload = serving.start("r1", step("reload_cluster", 20, 30))
    socket = serving.root / "sockets/r1/0.sock"
    while socket.exists():
        assert request.poll() is None, "it ended before the socket was hidden"
        time.sleep(0.01)
    assert len(serving.running("r1")) == 2, "it still answers what it has accepted"
    reload.communicate(timeout=60)
    assert request.wait(20) == 0


def test_what_lasts_longer_is_cut_and_told(serving: Host) -> None:
    request = serving.start_request("/endless")
    done = serving.run("r1", step("reload_cluster", 20, 1))
    assert done.code == 0, done.log
    assert "1 connections to process 0 are left after 1 s: they are cut" in done.warnings
    assert request.wait(20) != 0


def test_connections_of_which_none_ends_are_not_waited_for(serving: Host) -> None:
    """A WebSocket lasts as long as its page."""
    done = serving.run("r1", step("drain_release", "3", 60, "echo", 1))
    assert "3 connections to 3 are left after 1 s: they are cut" in done.warnings


def test_the_only_process_is_not_hidden(serving: Host) -> None:
    """Nobody else would answer meanwhile."""
    serving.workers = 1
    request = serving.start_request("/endless")
    began = time.monotonic()
    done = serving.run("r1", step("reload_cluster", 20, 30))
    assert done.code == 0, done.log
    assert time.monotonic() - began < 20
    assert request.wait(20) != 0
