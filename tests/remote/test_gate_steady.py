"""The gate looks at the processes that were proved, not at those that it finds when it begins."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.processes import find, wait_until
from tests.remote.fleet import Host
from tests.remote.harness import Shell, step

GATE = step("watch_gate", 1, "", 20, "1", "", "")


@pytest.fixture
def pending(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release 1 is live, and proved."""
    host = Host(shell, tmp_path / "host")
    host.make("r1")
    assert (done := host.go_live("run1", "r1")).code == 0, done.log
    yield host
    host.end()


def test_what_was_proved_and_stays_passes(pending: Host) -> None:
    done = pending.run("r1", GATE)
    assert done.code == 0, done.log


def test_a_process_that_crashed_and_was_begun_again_before_the_gate_fails_it(pending: Host) -> None:
    victim = pending.running("r1")[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: find(victim) is None, "its end")
    assert pending.run("r1", step("launch_missing"), step("await_boot", 20, 0)).code == 0
    refused = pending.run("r1", GATE)
    assert "ended after the switch" in refused.refusal


def test_what_the_old_release_had_to_answer_is_an_error_of_the_new_one(pending: Host) -> None:
    log = pending.root / "access.log"
    line = '- - - [now] "GET / HTTP/1.1" 200 2 "-" "-" "-" time=0.001 upstream=unix:{}/0.sock\n'
    live, standby = (line.format(pending.root / "sockets" / name) for name in ("live", "standby"))
    log.write_text(live * 100)
    judge = step("judge_log", str(log), 0, 20, "1", "")
    assert pending.run("r1", judge).code == 0
    log.write_text(live * 98 + standby * 2)
    assert "2 of 100 requests ended with a 5xx" in pending.run("r1", judge).refusal


def test_what_a_client_writes_is_no_word_of_nginx(pending: Host) -> None:
    """Found: who knew the path of `standby` could fail a deploy, by a request that names it."""
    at, log = pending.root / "sockets", pending.root / "access.log"
    forged = f" time=99 upstream=unix:{at}/standby/0.sock"
    own = f"time=0.001 upstream=unix:{at}/live/0.sock upstream_status=200 id=1"
    log.write_text(
        f'- -{forged} [now] "GET /?{forged} HTTP/1.1" 200 2 "{forged}" "{forged}" "-" {own}\n' * 100
    )
    done = pending.run("r1", step("judge_log", str(log), 0, 20, "1", "1"))
    assert done.code == 0, done.refusal
    assert "100 requests, 0 errors, 95 % within 0.001 s" in str(done.of("noted"))
