"""Files of a program that go live with new code in place, and go back with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Controller
from tests.deploys.rules import STEPS, live, make_places, with_rules
from tests.deploys.small import FILES, small

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A fleet that serves a small app in place."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29)
        lab.up()
        lab.commit("a small app", FILES)
        made = Controller(lab, tmp_path_factory.mktemp("controller"), small)
        assert (said := made.run("deploy")).code == 0, said.text
        make_places(lab)
        yield made


def revisions(place: Controller) -> set[str]:
    """What every host has checked out."""
    return {row["revision"] for row in place.status().values()}


def test_in_place_a_file_goes_live_with_the_code_and_goes_back_with_it(place: Controller) -> None:
    place.lab.commit("with a file")
    said = with_rules(place, 3).run("deploy")
    assert said.code == 0, said.text
    assert {one["step"] for one in said.events("step_started")} >= {*STEPS, "checkout_tree"}
    assert live(place.lab) == {"rotate 3"}
    before = revisions(place)

    def refuse(data: dict[str, Any]) -> None:
        data["app"]["once"] = [{"run": "exit 7", "when": "after"}]

    place.lab.commit("in vain")
    failed = with_rules(place, 5).with_change(refuse).run("deploy")
    assert failed.code == 1, failed.text
    assert {one["step"] for one in failed.events("step_finished")} >= {*STEPS, "record_proof"}
    assert (live(place.lab), revisions(place)) == ({"rotate 3"}, before)


def test_in_place_a_file_goes_live_where_the_code_is_as_wanted(place: Controller) -> None:
    place.lab.commit("with a file, and then another")
    assert with_rules(place, 6).run("deploy").code == 0
    before = revisions(place)
    said = with_rules(place, 7).run("deploy")
    assert said.code == 0, said.text
    steps = {one["step"] for one in said.events("step_started")}
    assert (steps >= STEPS, "checkout_tree" in steps) == (True, False)
    assert (live(place.lab), revisions(place)) == ({"rotate 7"}, before)
    assert "nothing to do" in with_rules(place, 7).run("deploy").end["message"]


def test_in_place_a_new_environment_alone_is_given_to_the_processes(place: Controller) -> None:
    """Found: "nothing to do" was said, and nobody had it."""

    def told(data: dict[str, Any]) -> None:
        data["env"] = {**data.get("env", {}), "TOLD": "since today"}

    assert place.run("deploy").code == 0
    said = place.with_change(told).run("deploy", output="terminal")
    assert said.code == 0, said.text
    assert "were not given the environment that the inventory has now" in said.text
    for process in place.lab.processes("web1"):
        assert b"TOLD=since today" in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    assert "nothing to do" in place.with_change(told).run("deploy").end["message"]
