"""A connection to a real sshd is cut while a host changes: who may put back what it changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.events import Event, StageFinished
from deploy.executor.fleet import Fleet
from deploy.executor.lease import Lease
from deploy.executor.result import Result
from deploy.executor.runner import Runner
from deploy.plan import Context, Step
from deploy.shell import Line, call
from deploy.transport import Transport
from deploy.transport.local import LocalTransport
from tests.executor.conftest import NONCE, Recorder
from tests.executor.test_runner import build, plan, run_lines, stage
from tests.transport import sshd
from tests.transport.conftest import Client, client, world  # noqa: F401  # fixtures

OURS, OTHERS = "who=ann\nrun=r1", "who=bob\nfrom=ci\nsince=noon\ntask=deploy\nrun=r2"


@pytest.fixture
def app() -> Iterator[Path]:
    """A directory of the deploy user's; not below pytest's, which another test run closes."""
    with TemporaryDirectory(prefix="app-") as name:
        directory = Path(name)
        (directory / ".deploy").mkdir()
        os.mkfifo(directory / "ready")
        sshd.give(directory, sshd.deploy_user())
        yield directory


def take(transport: Transport, app: Path, recorder: Recorder, holder: str, *words: str) -> Lease:
    """Take the lock of that directory for a holder."""
    lease, state = Lease(transport, NONCE, recorder), str(app / ".deploy")
    first = [call("take_lock", state, holder, "run", 0, *words)]
    outcome = lease.take((), Context(), first, [call("hold_lease", state, "run")])
    assert outcome.succeeded, outcome.failure
    return lease


def change(app: Path) -> Step:
    """A change whose undo looks whether the environment's lock is held meanwhile."""
    looks = f"cd {app}; flock -n .deploy/lock echo free >back || echo held >back"
    undo = call("run_build", "/tmp", looks, 10)
    return Step("change", "change", call("append_history", f"{app}/log", "new"), undo=undo)


class Run:
    """A run of one step that changes a host, cut off while the next one works."""

    def __init__(self, controller: Client, app: Path, recorder: Recorder) -> None:
        self.app, self.recorder, self._server = app, recorder, controller.world.web
        self._fleet = Fleet({"web1": controller.transport()}, recorder)
        self._fleet.connect("web1")
        self.lease = take(self._fleet.transports["web1"], app, recorder, OURS)

    def cut(self, *, apart: bool = False) -> Result:
        """Carry it out; `apart`: what is cut off is a stage of its own, which undoes nothing."""
        steps = change(self.app), build(f"echo >{self.app}/ready; exec sleep 600")
        stages = [stage(one.id, {"web1": (one,)}) for one in steps]

        def kill_connections() -> None:
            (self.app / "ready").read_text()
            self._server.kill_connections()

        threading.Thread(target=kill_connections, daemon=True).start()
        runner = Runner(self._fleet, self.recorder, NONCE, [self.lease])
        return runner.carry_out(plan(*(stages if apart else [stage("activate", {"web1": steps})])))

    def end(self) -> None:
        self.lease.release()
        self._fleet.close()


@pytest.fixture
def running(client: Client, app: Path, recorder: Recorder) -> Iterator[Run]:  # noqa: F811
    run = Run(client, app, recorder)
    yield run
    run.end()


def test_the_way_back_after_a_cut_connection_holds_the_environments_lock(running: Run) -> None:
    result = running.cut()
    assert (running.app / "back").read_text() == "held\n"
    assert (result.hosts, result.exit_code) == ({"web1": "old"}, ExitCode.FAILED)
    assert not running.lease.lost.is_set()
    with pytest.raises(DeployError):
        take(LocalTransport("web1"), running.app, running.recorder, OTHERS)
    running.lease.release()
    take(LocalTransport("web1"), running.app, running.recorder, OTHERS).release()


def test_what_was_done_before_the_stage_that_was_cut_off_goes_back_on_a_new_connection(
    running: Run,
) -> None:
    """The link to the host that decides for all broke, and that host alone was `unknown`."""
    result = running.cut(apart=True)
    assert (running.app / "back").read_text() == "held\n"
    assert (result.hosts, result.exit_code) == ({"web1": "old"}, ExitCode.FAILED)
    assert result.failures[0].hint == "its way back is tried on a new connection"


def test_nothing_is_undone_where_somebody_else_has_the_lock_by_now(running: Run) -> None:
    running.lease.release()  # as `invoke unlock` does, and no heartbeat has told us yet
    other = take(LocalTransport("web1"), running.app, running.recorder, OTHERS)
    result = running.cut()
    assert (result.hosts, result.exit_code) == ({"web1": "unknown"}, ExitCode.UNKNOWN)
    assert not (running.app / "back").exists()
    told = result.failures[-1]
    assert (told.host, "locked by bob from ci since noon" in told.message) == ("web1", True)
    assert "nothing is put back" in told.hint
    other.release()


def test_a_lock_that_was_lost_is_taken_again_before_anything_is_undone(
    fleet: Fleet, recorder: Recorder, app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection lives, the lease does not: unlocked, or no heartbeat came through."""
    monkeypatch.setattr("deploy.executor.lease.BEAT", 0.1)
    lease = take(fleet.transports["web1"], app, recorder, OURS)

    def unlock_after_the_first(event: Event) -> None:
        recorder(event)
        if isinstance(event, StageFinished):
            run_lines([Line("unlock", call("break_lock", str(app / ".deploy")))])
            assert lease.lost.wait(10)

    stages = [stage(name, {"web1": (change(app),)}) for name in ("prepare", "activate")]
    result = Runner(fleet, unlock_after_the_first, NONCE, [lease]).carry_out(plan(*stages))
    assert result.failures[0].message == "the lock was lost"
    assert (app / "log").read_text() == "new\n"
    assert (app / "back").read_text() == "held\n"
    assert result.hosts == {"web1": "old"}
    lease.release()


def test_a_run_inherits_its_lock_from_its_own_former_session_and_from_no_other(
    app: Path, recorder: Recorder
) -> None:
    """Its connection is gone, and sshd has not noticed: the lock would be kept for 45 s more."""
    former = take(LocalTransport("web1"), app, recorder, OURS)
    for holder, words in ((OTHERS, ("again",)), (OURS, ())):
        with pytest.raises(DeployError) as caught:
            take(LocalTransport("web1"), app, recorder, holder, *words)
        assert caught.value.exit_code == ExitCode.LOCKED
    again = take(LocalTransport("web1"), app, recorder, OURS, "again")
    former.release()
    with pytest.raises(DeployError):
        take(LocalTransport("web1"), app, recorder, OTHERS)
    again.release()
