"""The main job from end to end, by the command line: what is tried on each version of ActionHero.

The tests of a version are a file of its own, and go on from each other's state.
"""

from __future__ import annotations

import json
from typing import Any

from tests.deploys.harness import run
from tests.lab import Lab
from tests.lab.processes import Process, wait_until

WEB = ("web1", "web2")
HOSTS = (*WEB, "jobs1")


def serving(lab: Lab, host: str) -> str:
    """The number of the revision that a host's app has loaded, through its nginx."""
    return str(lab.get(host, "/api/revision").json()["revision"])


def deploy_new(lab: Lab) -> str:
    """Commit and deploy; the commit's full name."""
    revision = lab.commit("change")
    done = run(lab, "deploy", "--env", "lab")
    assert done.code == 0, done.text
    return revision


def processes(lab: Lab) -> dict[str, list[Process]]:
    """Those of every host."""
    return {host: lab.processes(host) for host in HOSTS}


def at_rest(lab: Lab) -> dict[str, list[Process]]:
    """The same, twice in a row."""
    seen = [processes(lab)]

    def is_still() -> bool:
        seen.append(processes(lab))
        return seen[-1] == seen[-2]

    wait_until(is_still, "hosts at rest")
    return seen[-1]


def try_a_revision_under_load(lab: Lab) -> None:
    """The next revision, while clients ask; the same again changes nothing."""
    with lab.load("web1", clients=2, pause=0.05) as load:
        second = deploy_new(lab)
    assert load.total > 20
    lost = sum(load.failed.values())
    assert lost <= load.total / 100, f"nginx repeats most of what a stopping worker cuts: {load}"
    assert {serving(lab, host) for host in WEB} == {lab.number(second)}
    before = at_rest(lab)
    again = run(lab, "deploy", "--env", "lab")
    assert again.code == 0, again.text
    assert "nothing to do" in again.text
    # What only looks something up is among them for a moment; what was begun again stays another.
    wait_until(lambda: processes(lab) == before, "the same processes")


def try_reload_scale_stop_and_start(lab: Lab) -> None:
    """The tasks around a deploy, on one host."""
    masters = lab.site.app < 22
    before = {p.pid for p in lab.processes("web1")}
    web1 = ("--env", "lab", "--limit", "web1")
    assert run(lab, "reload", *web1).code == 0
    kept = before & {p.pid for p in lab.processes("web1")}
    assert len(kept) == masters, "only a cluster master lives on"
    for workers in (3, 2):
        done = run(lab, "scale", *web1, "--workers", str(workers))
        assert done.code == 0, done.text
        assert len(lab.processes("web1")) == workers + masters
    assert run(lab, "stop", *web1).code == 0
    assert lab.processes("web1") == []
    assert run(lab, "status", *web1).code == 1
    assert run(lab, "start", *web1).code == 0
    assert run(lab, "status", *web1).code == 0


def rows(lab: Lab, task: str) -> list[dict[str, Any]]:
    """The lines of a task that looks; it must find everything well."""
    said = run(lab, task, "--env", "lab", "--output", "json")
    assert said.code == 0, said.text
    return [json.loads(line) for line in said.lines]
