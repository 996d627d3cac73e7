"""A lab does no harm: it begins only where nothing is, and ends with nothing left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.errors import DeployError
from tests.conftest import new_lab
from tests.lab import Lab
from tests.lab.processes import belonging, find
from tests.lab.site import HTTP_PORT
from tests.lab.state import Service

pytestmark = pytest.mark.lab


@pytest.fixture
def own_lab() -> Iterator[Lab]:
    """A lab that the test may break."""
    with ExitStack() as stack:
        yield new_lab(stack, 29)


def test_taken_address_is_named(own_lab: Lab) -> None:
    with socket.socket() as other:
        # connections of a lab that had this subnet before may still be in TIME_WAIT
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((own_lab.site.address("web2"), HTTP_PORT))
        other.listen()
        with pytest.raises(DeployError, match=f"{other.getsockname()[0]}:{HTTP_PORT} is taken"):
            own_lab.up()
    assert not own_lab.site.root.exists()


def test_directory_that_is_no_lab_is_left_alone(own_lab: Lab) -> None:
    own_lab.site.root.mkdir()
    precious = own_lab.site.root / "precious"
    precious.touch()
    try:
        with pytest.raises(DeployError, match="is no lab"):
            own_lab.up()
        own_lab.down()
        assert precious.exists()
    finally:
        precious.unlink()
        own_lab.site.root.rmdir()


def test_down_from_another_process_leaves_nothing_behind(own_lab: Lab) -> None:
    own_lab.up()
    own_lab.sh("web1", "cd / && setsid sleep 1000 >/dev/null 2>&1 &")
    own_lab.sh("web2", "unset AHLAB_ROOT; setsid sleep 1001 >/dev/null 2>&1 &")
    started = [process for process in own_lab.status().values() if process]
    running = belonging(own_lab.site.root, own_lab._uids, started)
    assert sum(process.command[0] == "sleep" for process in running) == 2
    kill_init(own_lab, "web1")
    other = Lab.at(own_lab.site.root)
    assert other is not None
    other.down()
    assert [process.line for process in running if process.is_alive()] == []
    assert belonging(own_lab.site.root, own_lab._uids) == set()
    assert not own_lab.site.root.exists()
    assert Lab.at(own_lab.site.root) is None


def test_down_spares_a_process_that_got_a_daemons_pid(own_lab: Lab) -> None:
    own_lab.up()
    with subprocess.Popen(["sleep", "1000"]) as innocent:
        process = find(innocent.pid)
        assert process is not None
        own_lab.state.add(Service("long gone", process.pid, process.start - 1))
        own_lab.down()
        assert process.is_alive()
        innocent.kill()


def test_reset_ends_what_was_deployed_and_keeps_the_daemons(own_lab: Lab) -> None:
    own_lab.up()
    before = own_lab.status()
    own_lab.sh("web1", f"mkdir {own_lab.app_path('web1')}; setsid sleep 1000 >/dev/null 2>&1 &")
    (sleeper,) = own_lab.processes("web1")
    own_lab.reset()
    assert not sleeper.is_alive()
    assert not own_lab.app_path("web1").exists()
    assert own_lab.status() == before
    assert own_lab.get("web1", "/").status == 502


def kill_init(lab: Lab, host: str) -> None:
    """What that host's sshd started falls to the machine's own init; only its mark is left."""
    daemon = lab.status()[f"sshd on {host}"]
    assert daemon is not None
    for pid in (daemon.parent, daemon.pid):
        process = find(pid)
        assert process is not None
        process.signal(signal.SIGKILL)
