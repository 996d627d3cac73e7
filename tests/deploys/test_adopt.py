"""An in-place tree becomes the first release under load, with nginx as it is."""

from __future__ import annotations

import pytest

from tests.deploys.harness import Controller
from tests.deploys.releases_life import succeed, to_releases
from tests.lab import Lab
from tests.lab.processes import find

pytestmark = pytest.mark.lab

WEB = ("web1", "web2")
UPLOAD = "public/uploads/kept.txt"


def upload(lab: Lab, text: str) -> None:
    """What users left on a host."""
    path = lab.app_path("web1") / UPLOAD
    path.parent.mkdir(parents=True)
    path.write_text(text)
    lab.account.give(path.parent, path)


def test_adopted_and_deployed_without_a_lost_request(live18: Controller) -> None:
    lab = live18.lab
    before = lab.commit("before")
    succeed(live18, "deploy")
    upload(lab, "kept")
    old = {process.pid: process for process in lab.processes("web1")}
    releases = live18.with_change(to_releases)
    refused = releases.run("deploy")
    assert refused.code == 1, refused.text
    assert "invoke adopt --env lab" in refused.text
    with lab.load("web1", clients=1, pause=0.02, seconds=140) as load:
        succeed(releases, "adopt")
        load.wait(load.total + 50)
    assert load.failed == {}
    assert set(load.revisions) == {lab.number(before)}
    assert not any(find(pid) == process for pid, process in old.items()), "they ended"
    assert (lab.app_path("web1") / "current" / UPLOAD).read_text() == "kept"
    with lab.load("web1", clients=1, pause=0.02, seconds=140) as load:
        after = lab.commit("after")
        succeed(releases, "deploy")
        load.wait(load.total + 50)
    assert load.failed == {}
    assert {releases.serving(host) for host in WEB} == {lab.number(after)}
    assert (lab.app_path("web1") / "current" / UPLOAD).read_text() == "kept"
