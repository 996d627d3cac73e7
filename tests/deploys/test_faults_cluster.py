"""A cluster with a master (ActionHero 18): whom USR2 may reach, and what a dead master leaves."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.deploys.harness import Controller
from tests.lab.processes import find, wait_until

pytestmark = pytest.mark.lab

WEB1 = ("--limit", "web1")


@pytest.fixture
def bystander(live18: Controller) -> Iterator[int]:
    """A process of the deploy user's that has nothing to do with the app."""
    host = live18.lab
    pid = int(host.sh("web1", "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"))
    yield pid
    process = find(pid)
    if process:
        process.signal(signal.SIGKILL)


def test_a_pidfile_that_names_another_process_is_refused_and_that_process_lives(
    live18: Controller, bystander: int
) -> None:
    lab, old = live18.lab, live18.serving()
    pidfile = lab.app_path("web1") / "pids/cluster_pidfile"
    master = pidfile.read_text()
    lab.commit("new")
    pidfile.write_text(str(bystander))
    for task in ("deploy", "check"):
        said = live18.run(task, *WEB1)
        assert said.code == 1
        assert (said.failure["host"], said.failure["step"]) == ("web1", "pidfile")
        assert f"names process {bystander}" in said.failure["message"]
        assert "cluster master: sleep in /" in said.failure["message"]
        assert f"rm {pidfile}" in said.failure["hint"]
    process = find(bystander)
    assert process is not None
    assert process.line == "sleep 600"
    assert live18.serving() == old
    pidfile.write_text(master)


def test_a_stale_pidfile_is_cleared_and_the_cluster_started(live18: Controller) -> None:
    """All is dead and the file says otherwise: ActionHero itself would refuse to start."""
    lab = live18.lab
    pidfile = lab.app_path("web1") / "pids/cluster_pidfile"
    master = find(int(pidfile.read_text()))
    assert master is not None
    master.signal(signal.SIGKILL)
    wait_until(lambda: not lab.processes("web1") or not find(master.pid), "the master's end")
    lab.sh("web1", f"rm -r {pidfile.parent}; mkdir {pidfile.parent}; sh -c 'echo $$' >{pidfile}")
    lab.commit("after a crash")
    said = live18.run("deploy", *WEB1)
    assert said.code == 0, said.text
    assert live18.serving() == lab.number("HEAD")


def test_a_master_that_dies_during_the_reload_is_replaced_on_the_old_code(
    live18: Controller,
) -> None:
    lab, old = live18.lab, live18.serving()
    lab.commit("unlucky")
    running = live18.start("deploy", *WEB1)
    noted = running.wait_for("step_noted", text="USR2 to cluster master ")["text"]
    master = find(int(noted.split()[4].rstrip(",")))
    assert master is not None
    running.wait_for("step_noted", text="1 of 2 workers are new")
    master.signal(signal.SIGKILL)
    said = running.finish()
    assert said.code == 1, said.text
    assert said.failure["step"] == "reload_cluster"
    assert f"cluster master {master.pid} died" in said.failure["message"]
    assert said.end["hosts"] == {"web1": "old"}
    assert said.end["message"].endswith("the old code serves on every host")
    assert live18.serving() == old
    assert live18.status()["web1"]["proved"]
    assert find(master.pid) is None
