"""The environment's lock: who holds it, who is refused, and how it is let go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.executor.lease import Lease
from deploy.plan import Context
from deploy.shell import Line, call
from deploy.transport.local import LocalTransport
from tests.executor.conftest import NONCE, Recorder

HOLDER = "who=ann\nfrom=desk\nsince=now\ntask=deploy\nrun=r1"


def take(state: Path, recorder: Recorder) -> Lease:
    lease = Lease(LocalTransport("web1"), NONCE, recorder)
    outcome = lease.take(
        [Line("lock", call("show_lock", str(state)), is_fact=True)],
        Context(),
        [call("take_lock", str(state), HOLDER, "run", 0)],
        [call("hold_lease", str(state), "run")],
    )
    assert outcome.succeeded, outcome.failure
    assert "who=ann" in outcome.answers["lock"].text
    return lease


def wait_until_free(state: Path, recorder: Recorder) -> Lease:
    deadline = time.monotonic() + 10
    while True:
        try:
            return take(state, recorder)
        except DeployError:
            assert time.monotonic() < deadline, "the lock was not let go"


def test_a_second_run_is_told_who_holds_the_lock(state: Path, recorder: Recorder) -> None:
    first = take(state, recorder)
    with pytest.raises(DeployError) as caught:
        take(state, recorder)
    assert caught.value.exit_code == ExitCode.LOCKED
    assert "locked by ann from desk since now for deploy" in str(caught.value)
    first.release()


def test_a_released_lock_is_free(state: Path, recorder: Recorder) -> None:
    take(state, recorder).release()
    wait_until_free(state, recorder).release()
    assert not (state / "lock.holder").exists()


def test_a_killed_controller_loses_its_lock(state: Path, recorder: Recorder) -> None:
    program = (
        "import sys, pathlib, time\n"
        "from tests.executor.conftest import Recorder\n"
        "from tests.executor.test_lease import take\n"
        "lease = take(pathlib.Path(sys.argv[1]), Recorder())\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", program, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert controller.stdout
    assert controller.stdout.readline() == b"held\n"
    with pytest.raises(DeployError):
        take(state, recorder)
    os.kill(controller.pid, signal.SIGKILL)
    controller.wait()
    wait_until_free(state, recorder).release()


def test_unlock_ends_the_holder_and_the_holder_notices(
    state: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.executor.lease.BEAT", 0.1)
    lease = take(state, recorder)
    from tests.executor.test_runner import run_lines

    run_lines([Line("unlock", call("break_lock", str(state)))])
    assert lease.lost.wait(10), "the holder did not notice that its lock is gone"
    lease.release()
    wait_until_free(state, recorder).release()


def test_a_directory_that_cannot_be_made_is_told_with_its_cure(
    tmp_path: Path, recorder: Recorder
) -> None:
    (tmp_path / "file").write_text("")
    lease = Lease(LocalTransport("web1"), NONCE, recorder)
    state = tmp_path / "file" / "app" / ".deploy"
    outcome = lease.take([], Context(), [call("take_lock", str(state), HOLDER, "run", 0)], [])
    assert outcome.failure
    assert "cannot create" in outcome.failure.message
    assert "sudo install -d" in outcome.failure.hint


def test_nothing_is_asked_behind_a_lease_that_was_refused(state: Path, recorder: Recorder) -> None:
    holder, other = take(state, recorder), state.with_name("other")
    first = Lease(LocalTransport("web1"), NONCE, recorder)
    second = Lease(LocalTransport("web2"), NONCE, recorder, first)
    with pytest.raises(DeployError):
        first.take([], Context(), [call("take_lock", str(state), HOLDER, "run", 0)], [])
    outcome = second.take([], Context(), [call("take_lock", str(other), HOLDER, "run", 0)], [])
    assert not outcome.succeeded
    assert not other.exists()
    holder.release()


def test_the_next_lease_waits_for_the_lock_before_it_and_not_for_its_facts(
    state: Path, recorder: Recorder
) -> None:
    other = state.with_name("other")
    until_next = f"until [ -e {other}/lock.holder ]; do sleep 0.01; done"
    fact = Line("next", call("run_build", str(state.parent), until_next, 5), is_fact=True)
    first = Lease(LocalTransport("web1"), NONCE, recorder)
    second = Lease(LocalTransport("web2"), NONCE, recorder, first)

    def take_second() -> None:
        locked = [call("take_lock", str(other), HOLDER, "run", 0)]
        second.take([], Context(), locked, [call("hold_lease", str(other), "run")])

    with ThreadPoolExecutor(1) as pool:
        pool.submit(take_second)
        locked = [call("take_lock", str(state), HOLDER, "run", 0)]
        outcome = first.take([fact], Context(), locked, [call("hold_lease", str(state), "run")])
    assert outcome.answers["next"].code == 0
    first.release()
    second.release()
