"""Hooks within a run: the controller has no part in what becomes of the hosts."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.errors import ExitCode
from deploy.executor.fleet import Fleet
from deploy.executor.interrupts import Interrupts
from deploy.executor.runner import Runner
from deploy.inventory.hooks import Hook
from deploy.plan import CONTROLLER, Context, Step
from deploy.shell import call
from deploy.steps.hooks import describe_run, run_hook
from deploy.transport.local import LocalTransport
from tests.executor.conftest import NONCE, Recorder
from tests.executor.test_runner import plan, stage, write


@pytest.fixture
def fleet(recorder: Recorder) -> Iterator[Fleet]:
    hosts = {name: LocalTransport(name) for name in ("web1", "web2")}
    with Fleet(hosts, recorder, controller=LocalTransport(CONTROLLER)) as fleet:
        yield fleet


def hook(command: str, on_failure: str = "stop") -> Step:
    return run_hook("moment", 1, Hook(run=command), "", ("/tmp",), on_failure)


def told(state: Path) -> Context:
    return Context(
        calls=(call("enter_stage", str(state), "moment", "r1", 5), describe_run({"A": "b"})),
        stop=call("end_stage", str(state), "r1"),
    )


@pytest.mark.parametrize("where", [CONTROLLER, "web1"])
def test_a_hook_that_stops_after_the_activation_brings_all_hosts_back(
    fleet: Fleet, recorder: Recorder, tmp_path: Path, where: str
) -> None:
    logs = {name: tmp_path / name for name in ("web1", "web2")}
    steps = {name: (write(log, "a"),) for name, log in logs.items()}
    last = stage("after_activate", {where: (hook("exit 3"),)}, context=told(tmp_path / "s"))
    result = Runner(fleet, recorder, NONCE).carry_out(plan(stage("activate", steps), last))
    assert result.exit_code == ExitCode.FAILED
    assert result.hosts == {"web1": "old", "web2": "old"}
    assert {log.read_text() for log in logs.values()} == {"a\nundo a\n"}


def test_a_hook_that_stops_before_the_activation_leaves_all_as_it_was(
    fleet: Fleet, recorder: Recorder, tmp_path: Path
) -> None:
    first = stage("before_activate", {CONTROLLER: (hook("exit 3"),)}, context=told(tmp_path / "s"))
    steps = {"web1": (write(tmp_path / "log", "a"),)}
    result = Runner(fleet, recorder, NONCE).carry_out(plan(first, stage("activate", steps)))
    assert (result.exit_code, result.hosts) == (ExitCode.FAILED, {"web1": "old"})
    assert not (tmp_path / "log").exists()


def test_a_hook_that_warns_changes_no_hosts_end(
    fleet: Fleet, recorder: Recorder, tmp_path: Path
) -> None:
    first = stage(
        "before_activate", {CONTROLLER: (hook("exit 3", "warn"),)}, context=told(tmp_path / "s")
    )
    steps = {"web1": (write(tmp_path / "log", "a"),)}
    result = Runner(fleet, recorder, NONCE).carry_out(plan(first, stage("activate", steps)))
    assert (result.exit_code, result.hosts) == (ExitCode.DONE, {"web1": "done"})


def test_a_signal_ends_a_local_hook(fleet: Fleet, recorder: Recorder, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    work = (hook(f"touch {ready}; sleep 60; touch {tmp_path}/never"),)

    def interrupt() -> None:
        while not ready.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    with Interrupts() as interrupts:
        threading.Thread(target=interrupt, daemon=True).start()
        result = Runner(fleet, recorder, NONCE, interrupts=interrupts).carry_out(
            plan(stage("before_activate", {CONTROLLER: work}, context=told(tmp_path / "s")))
        )
    assert time.monotonic() - began < 30
    assert result.exit_code == ExitCode.INTERRUPTED
    assert not (tmp_path / "never").exists()
