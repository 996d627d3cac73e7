"""What a run left is gone on with, on a fleet of releases, and the hooks around it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Change, Controller, Said
from tests.lab.kills import Stand

HOSTS = ("web1", "web2", "jobs1")


def no_gate(data: dict[str, Any]) -> None:
    data["rollout"] = {"batches": ["100%"], "gate": {"seconds": 0}}


@pytest.fixture(scope="module")
def fleet(small_fleet: Stand) -> Controller:
    """A fleet that serves the newest release of a small app, and watches no gate."""
    small_fleet.points.clear()
    small_fleet.deploy()
    return small_fleet.controller.with_change(no_gate)


def outcomes(said: Said, step: str) -> set[str]:
    return {one["outcome"] for one in said.events("step_finished") if one["step"] == step}


def test_a_killed_deploy_is_resumed_with_the_release_that_it_made(fleet: Controller) -> None:
    """Killed between prepare and the decision: what was prepared is not prepared again."""
    revision = fleet.lab.commit("change")
    running = fleet.start("deploy")
    running.wait_for("step_finished", step="switch_live")
    running.signal(signal.SIGKILL)
    running.finish()
    resumed = fleet.run("deploy", "--resume", "--wait", "90s")
    assert resumed.code == 0, resumed.text
    assert "goes on with run" in resumed.text
    assert outcomes(resumed, "make_release") == {"unchanged"}
    assert {fleet.serving(host) for host in HOSTS[:2]} == {fleet.lab.number(revision)}
    newest = json.loads(fleet.run("history", "--limit", "web1").lines[-1])
    assert newest["outcome"] == "done"
    assert newest["commits"].startswith("1: ")
    again = fleet.run("deploy", "--resume")
    assert again.code == 0
    assert "nothing to resume" in again.text


def test_hooks_stop_a_deploy_and_who_failed_goes_again(fleet: Controller, tmp_path: Path) -> None:
    """A hook that stops after the activation brings all back; then --only-failed goes on."""
    before = fleet.serving()
    revision = fleet.lab.commit("change")
    stopped = fleet.run("deploy", change=hooked(tmp_path, "exit 3"))
    assert stopped.code == 1, stopped.text
    assert {fleet.serving(host) for host in HOSTS[:2]} == {before}
    assert (tmp_path / "local").read_text() == f"{revision} {' '.join(HOSTS)}\n"
    assert (tmp_path / "outcome").read_text() == "failed\n"
    assert "nobody is told: secret notify[0]" in stopped.text
    again = fleet.run("deploy", "--only-failed", change=hooked(tmp_path, "echo $DEPLOY_HOST"))
    assert again.code == 0, again.text
    assert {fleet.serving(host) for host in HOSTS[:2]} == {fleet.lab.number(revision)}
    assert (tmp_path / "outcome").read_text() == "failed\ndone\n"
    logged = [e for e in again.events("step_logged") if e["step"] == "after_activate_1"]
    assert sorted((e["host"], e["line"]) for e in logged) == sorted(zip(HOSTS, HOSTS, strict=True))
    assert "no host failed" in fleet.run("deploy", "--only-failed").text


def hooked(directory: Path, command: str) -> Change:
    """An inventory with hooks; the command is the one on each host after it went live."""
    told = f'echo "$DEPLOY_REVISION $DEPLOY_HOSTS" >{directory}/local'
    end = f'echo "$DEPLOY_OUTCOME" >>{directory}/outcome'

    def change(data: dict[str, Any]) -> None:
        data["hooks"] = {
            "before_activate": [{"run": told, "where": "local"}],
            "after_activate": [{"run": command, "on": "each"}],
            "after_finish": [{"run": end, "where": "local"}],
        }
        data["notify"] = [{"url": {"env": "NOT_SET_AT_ALL"}}]

    return change
