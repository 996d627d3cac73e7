"""An in-place tree becomes the first release under load, with nginx as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Controller
from tests.lab import Lab
from tests.lab.processes import find

WEB = ("web1", "web2")
UPLOAD = "public/uploads/kept.txt"


@pytest.fixture(params=[18])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab, bare; and again at the end."""
    lab: Lab = request.getfixturevalue(f"lab{request.param}")
    lab.reset()
    yield lab
    lab.reset()


def to_releases(lab: Lab) -> Any:
    """The inventory of a person who wants releases from now on."""

    def change(data: dict[str, Any]) -> None:
        data["strategy"] = "releases"
        data["app"]["shared"] = ["public/uploads"]
        data["rollout"] = {"batches": ["100%"], "gate": {"seconds": 0}}
        if lab.site.app >= 22:
            copy = f"cp -r {lab.app_path('web1')}/dist dist"
            data["app"]["build"] = [{"run": copy, "timeout": 60}]

    return change


def upload(lab: Lab, text: str) -> None:
    """What users left on a host."""
    path = lab.app_path("web1") / UPLOAD
    path.parent.mkdir(parents=True)
    path.write_text(text)
    lab.account.give(path.parent, path)


def test_adopted_and_deployed_without_a_lost_request(lab: Lab, tmp_path: Path) -> None:
    before = lab.commit("before")
    in_place = Controller(lab, tmp_path / "in_place")
    assert (done := in_place.run("deploy")).code == 0, done.text
    upload(lab, "kept")
    old = {process.pid: process for process in lab.processes("web1")}
    releases = Controller(lab, tmp_path / "releases", to_releases(lab))
    refused = releases.run("deploy")
    assert refused.code == 1, refused.text
    assert "invoke adopt --env lab" in refused.text
    with lab.load("web1", clients=1, pause=0.02, seconds=140) as load:
        adopted = releases.run("adopt")
        assert adopted.code == 0, adopted.text
        load.wait(load.total + 50)
    assert load.failed == {}
    assert set(load.revisions) == {lab.number(before)}
    assert not any(find(pid) == process for pid, process in old.items()), "they ended"
    assert (lab.app_path("web1") / "current" / UPLOAD).read_text() == "kept"
    with lab.load("web1", clients=1, pause=0.02, seconds=140) as load:
        after = lab.commit("after")
        deployed = releases.run("deploy")
        assert deployed.code == 0, deployed.text
        load.wait(load.total + 50)
    assert load.failed == {}
    assert {releases.serving(host) for host in WEB} == {lab.number(after)}
    assert (lab.app_path("web1") / "current" / UPLOAD).read_text() == "kept"
