"""What goes wrong while code goes live: the hosts go back, no request is lost, and it is said."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploys.harness import Controller, Said, building, cut_connection
from tests.lab import Lab, Process
from tests.lab.processes import find, wait_until

pytestmark = pytest.mark.lab

WEB1 = ("--limit", "web1")


@pytest.fixture
def behind(deployed: Controller) -> Iterator[Controller]:
    """There is something to deploy; while it is tried, requests never stop."""
    deployed.lab.commit("something new")
    with deployed.lab.load("web1", clients=1, pause=0.05, seconds=300) as load:
        load.wait(10)
        yield deployed
        load.wait(load.total + 10)
    assert load.failed == {}


def assert_went_back(controller: Controller, said: Said, old: str, code: int = 1) -> None:
    """The run says that the old code serves, and it is true."""
    assert said.code == code, said.text
    assert said.end["hosts"] == {"web1": "old"}
    assert said.end["message"].endswith("the old code serves on every host")
    assert controller.serving("web1") == old
    row = controller.status()["web1"]
    assert (row["lock"], row["objection"], row["workers"]["running"]) == (None, "", 2)
    assert json.loads(controller.run("history", *WEB1).lines[-1])["outcome"] == "old"


def undone(said: Said) -> list[str]:
    """What the host put back, in that order."""
    return [event["step"] for event in said.events("step_undone") if event["succeeded"]]


def test_code_that_does_not_boot_goes_back_with_its_error_told(behind: Controller) -> None:
    old = behind.serving()
    dist = behind.lab.app_path("web1") / "dist"
    throw = f"cp -r {dist} dist; echo 'throw new Error(\"no boot\")' >dist/server.js"
    said = behind.run("deploy", *WEB1, change=building(throw))
    failure = said.failure
    assert (failure["host"], failure["step"]) == ("web1", "reload_cluster")
    assert "does not boot" in failure["message"]
    assert "Error: no boot" in failure["tail"]
    assert failure["hint"]
    assert undone(said) == ["swap_outputs", "checkout_tree", "guard_cluster"]
    assert_went_back(behind, said, old)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_going_live_brings_the_old_code_back(
    behind: Controller, number: int, code: int
) -> None:
    """A second, impatient one does not stop the way back."""
    old = behind.serving()
    running = behind.start("deploy", *WEB1)
    running.wait_for("step_noted", text="1 of 2 processes are new")
    running.signal(number)
    running.wait_for("step_undone", step="swap_outputs")
    running.signal(number)
    said = running.finish()
    assert said.failure["message"] == "interrupted"
    assert said.end["message"].startswith("interrupted: ")
    assert_went_back(behind, said, old, code)


def test_a_third_signal_gives_up_and_the_host_goes_back_by_itself(behind: Controller) -> None:
    old = behind.serving()
    running = behind.start("deploy", *WEB1)
    running.wait_for("step_noted", text="1 of 2 processes are new")
    running.signal(signal.SIGINT)
    running.wait_for("step_undone", step="swap_outputs")
    for number in (signal.SIGTERM, signal.SIGINT):  # two of a kind can become one
        running.signal(number)
    said = running.finish()
    assert said.code == 3, said.text
    assert said.failure["message"].startswith("given up before every host was back")
    assert said.end["message"].startswith("unknown state")
    wait_until(lambda: behind.status()["web1"]["proved"], "the host's way back", seconds=30)
    assert behind.serving() == old


def test_a_connection_cut_while_going_live_is_made_again_for_the_way_back(
    behind: Controller,
) -> None:
    old, lab = behind.serving(), behind.lab
    running = behind.start("deploy", *WEB1)
    running.wait_for("step_started", step="reload_cluster")
    cut_connection(stage_of(lab))
    said = running.finish()
    assert said.failure["step"] == "reload_cluster"
    assert "connection was lost" in said.failure["message"]
    assert "new connection" in said.failure["hint"]
    assert_went_back(behind, said, old)


def stage_of(lab: Lab) -> Process:
    """The process on web1 that runs the stage, as it wrote itself down."""
    held = (lab.app_path("web1") / ".deploy/stage.holder").read_text()
    process = find(int(held.rpartition("pid=")[2]))
    assert process is not None
    return process


def test_missing_pids_and_a_stale_pidfile_do_not_stop_a_deploy(behind: Controller) -> None:
    lab = behind.lab
    pids = lab.app_path("web1") / "pids"
    lab.sh("web1", f"rm -r {pids}")
    assert "no pidfile names worker" in behind.status()["web1"]["objection"]
    assert behind.run("deploy", *WEB1).code == 0
    assert behind.serving() == lab.number("HEAD")
    lab.commit("and again")
    lab.sh("web1", f"sh -c 'echo $$' >{pids}/actionhero-web1-7")
    said = behind.run("deploy", *WEB1)
    assert said.code == 0, said.text
    assert behind.serving() == lab.number("HEAD")
    assert behind.status()["web1"]["proved"]
    lab.sh("web1", f"rm {pids}/actionhero-web1-7")


def test_a_process_started_by_hand_is_refused_before_anything_and_a_restart_mends_it(
    deployed: Controller,
) -> None:
    lab, app = deployed.lab, deployed.lab.app_path("web1")
    ours = lab.processes("web1")[0]
    environ = Path(f"/proc/{ours.pid}/environ").read_text().split("\0")
    port = next(one for one in environ if one.startswith("PORT=")).removeprefix("PORT=")
    node = Path(f"/proc/{ours.pid}/exe").readlink()
    assert deployed.run("stop", *WEB1).code == 0
    by_hand = f"PORT={port} setsid {node} dist/server.js >log/by-hand 2>&1 </dev/null &"
    lab.sh("web1", f"cd {app}; set -a; . .deploy/env; {by_hand}")
    wait_until(lambda: port in Path("/proc/net/unix").read_text(), "the process to listen")
    said = deployed.run("deploy", *WEB1)
    assert (said.code, said.failure["step"]) == (1, "taken"), said.text
    assert port in said.failure["message"]
    assert "invoke restart --env lab --limit web1" in said.failure["hint"]
    assert (said := deployed.run("restart", *WEB1)).code == 0, said.text
