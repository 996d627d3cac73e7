"""A cluster with a master (ActionHero 18): whom USR2 may reach, and what a dead master leaves."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.deploys.harness import Controller
from tests.lab import Lab
from tests.lab.processes import find, wait_until

pytestmark = pytest.mark.lab

WEB1 = ("--limit", "web1")


@pytest.fixture(scope="module")
def cluster(lab18: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """ActionHero 18 on web1."""
    controller = Controller(lab18, tmp_path_factory.mktemp("controller"))
    assert (said := controller.run("deploy", *WEB1)).code == 0, said.text
    return controller


@pytest.fixture
def bystander(cluster: Controller) -> Iterator[int]:
    """A process of the deploy user's that has nothing to do with the app."""
    host = cluster.lab
    pid = int(host.sh("web1", "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"))
    yield pid
    process = find(pid)
    if process:
        process.signal(signal.SIGKILL)


def test_a_pidfile_that_names_another_process_is_refused_and_that_process_lives(
    cluster: Controller, bystander: int
) -> None:
    lab, old = cluster.lab, cluster.serving()
    pidfile = lab.app_path("web1") / "pids/cluster_pidfile"
    master = pidfile.read_text()
    lab.commit("new")
    pidfile.write_text(str(bystander))
    for task in ("deploy", "check"):
        said = cluster.run(task, *WEB1)
        assert said.code == 1
        assert (said.failure["host"], said.failure["step"]) == ("web1", "pidfile")
        assert f"names process {bystander}" in said.failure["message"]
        assert "sleep 600" in said.failure["message"]
        assert f"rm {pidfile}" in said.failure["hint"]
    process = find(bystander)
    assert process is not None
    assert process.line == "sleep 600"
    assert cluster.serving() == old
    pidfile.write_text(master)


def test_a_stale_pidfile_is_cleared_and_the_cluster_started(cluster: Controller) -> None:
    """All is dead and the file says otherwise: ActionHero itself would refuse to start."""
    lab = cluster.lab
    pidfile = lab.app_path("web1") / "pids/cluster_pidfile"
    master = find(int(pidfile.read_text()))
    assert master is not None
    master.signal(signal.SIGKILL)
    wait_until(lambda: not lab.processes("web1") or not find(master.pid), "the master's end")
    lab.sh("web1", f"rm -r {pidfile.parent}; mkdir {pidfile.parent}; sh -c 'echo $$' >{pidfile}")
    lab.commit("after a crash")
    said = cluster.run("deploy", *WEB1)
    assert said.code == 0, said.text
    assert cluster.serving() == lab.number("HEAD")


def test_a_master_that_dies_during_the_reload_is_replaced_on_the_old_code(
    cluster: Controller,
) -> None:
    lab, old = cluster.lab, cluster.serving()
    lab.commit("unlucky")
    running = cluster.start("deploy", *WEB1)
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
    assert cluster.serving() == old
    assert cluster.status()["web1"]["proof"] == "ok"
    assert find(master.pid) is None
