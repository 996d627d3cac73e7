"""A host that pm2 keeps: deploys, a rollback, what starts at boot, and a master that is killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Controller
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.lab.processes import Process, wait_until
from tests.lab.releases import PATIENCE, confirmed, doubt_host
from tests.lab.site import WORKERS, App
from tests.remote.pm2 import link_pm2

pytestmark = pytest.mark.lab

HOST = "web1"


@contextmanager
def made(
    directory: Path, app: App, change: Callable[[dict[str, Any]], object]
) -> Iterator[Controller]:
    """A host with pm2 beside node, on which nothing runs yet."""
    with ExitStack() as stack:
        lab = new_lab(stack, app, "releases")
        lab.up()
        tools = lab.site.root / "tools"
        tools.mkdir()
        link_pm2(tools, app)

        def keep(data: dict[str, Any]) -> None:
            change(data)
            data |= {"supervisor": "pm2", "node_bin": str(tools)}
            data["hosts"] = {HOST: data["hosts"][HOST]}  # pm2 starts a node for each word

        yield Controller(lab, directory, keep)


def dump(lab: Lab) -> list[str]:
    """What the host's pm2 starts at boot, behind the app's name."""
    text = (lab.site.home(HOST) / ".pm2/dump.pm2").read_text()
    return sorted(one["name"].rpartition("@")[2] for one in json.loads(text))


@pytest.mark.timeout(600)
def test_pm2_keeps_what_is_confirmed_over_deploys_and_a_rollback(tmp_path: Path) -> None:
    with made(tmp_path, 29, small) as fleet:
        fleet.lab.commit("a small app", FILES)
        went = [run(fleet, task, WORKERS) for task in ("deploy", "deploy", "rollback")]
        assert went[2] == went[0] != went[1]
        assert "nothing starts pm2 of" in fleet.run("check").text


def run(fleet: Controller, task: str, processes: int) -> str:
    """The release that is confirmed by it, which pm2 starts at boot."""
    lab = fleet.lab
    lab.commit(f"for {task}")
    said = fleet.run(task)
    assert said.code == 0, said.text
    went = confirmed(lab, HOST)
    assert dump(lab) == [*(f"{went}.{n}" for n in range(processes)), "watcher"]
    wait_until(lambda: doubt_host(lab, HOST) == "", "a host at rest", PATIENCE)
    return went


@pytest.mark.timeout(600)
def test_pm2_starts_a_real_actionhero_again_when_it_is_killed(tmp_path: Path) -> None:
    """14: a master with its workers, which pm2 must not take for processes of its own."""
    with made(tmp_path, 14, dict) as fleet:
        lab = fleet.lab
        run(fleet, "deploy", 1)
        revision = lab.number("HEAD")
        assert lab.get(HOST, "/api/revision").json()["revision"] == revision
        first = master(lab)
        first.signal(signal.SIGKILL)
        wait_until(lambda: serves_again(lab, revision, first), "pm2's next master", PATIENCE)
        second = master(lab)
        said = fleet.run("restart")
        assert said.code == 0, said.text
        wait_until(lambda: serves_again(lab, revision, second), "the master of a restart", PATIENCE)
        run(fleet, "deploy", 1)
        assert lab.get(HOST, "/api/revision").json()["revision"] == lab.number("HEAD") != revision


def master(lab: Lab) -> Process:
    """The one cluster master of the host."""
    [found] = [one for one in lab.processes(HOST) if "startCluster" in one.line]
    return found


def serves_again(lab: Lab, revision: str, before: Process) -> bool:
    """Another master, and what it runs answers."""
    masters = [one.pid for one in lab.processes(HOST) if "startCluster" in one.line]
    if len(masters) != 1 or masters == [before.pid]:
        return False
    answer = lab.get(HOST, "/api/revision")
    return answer.status == 200 and answer.json()["revision"] == revision
