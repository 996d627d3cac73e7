"""Files of a program that go live with a release, and go back with it: whoever takes it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploys.rules import STEPS, live, with_rules
from tests.lab.kills import Stand
from tests.lab.releases import await_rest

pytestmark = pytest.mark.lab


def test_a_new_file_goes_live_with_the_release(rules: Stand) -> None:
    rules.lab.commit("with its first file")
    said = with_rules(rules.controller, 3).run("deploy")
    assert said.code == 0, said.text
    assert live(rules.lab) == {"rotate 3"}
    assert {one["step"] for one in said.events("step_started")} >= STEPS
    await_rest(rules.lab)

    rules.lab.commit("with the same file")
    again = with_rules(rules.controller, 3).run("deploy")
    assert again.code == 0, again.text
    assert not {one["step"] for one in again.events("step_started")} & STEPS
    await_rest(rules.lab)
    assert with_rules(rules.controller, 3).run("drift").code == 0


def test_a_new_file_goes_live_where_the_code_is_as_wanted(rules: Stand) -> None:
    """Found: a host that had the revision was left alone, and "nothing to do" was not true."""
    old = rules.controller.serving()
    said = with_rules(rules.controller, 8).run("deploy")
    assert said.code == 0, said.text
    steps = {one["step"] for one in said.events("step_started")}
    assert steps >= STEPS
    assert not {"boot_release", "switch_live"} & steps
    assert "new files on 3 hosts" in said.end["message"]
    assert (live(rules.lab), rules.controller.serving()) == ({"rotate 8"}, old)
    again = with_rules(rules.controller, 8).run("deploy")
    assert again.end["message"].startswith("nothing to do"), again.text
    refused = with_rules(rules.controller, 4, prove="false", prove_timeout=1).run("deploy")
    assert refused.code == 1, refused.text
    assert live(rules.lab) == {"rotate 8"}
    await_rest(rules.lab)


def test_a_new_environment_alone_is_given_to_the_processes(rules: Stand) -> None:
    """Found: "nothing to do" was said, and nobody had it."""
    old = rules.controller.serving()

    def told(data: dict[str, Any]) -> None:
        data["env"] = {**data.get("env", {}), "TOLD": "since today"}

    said = rules.controller.with_change(told).run("deploy")
    assert said.code == 0, said.text
    assert {"boot_release", "switch_live"} <= {one["step"] for one in said.events("step_started")}
    await_rest(rules.lab)
    assert rules.controller.serving() == old
    for process in rules.lab.processes("web1"):
        assert b"TOLD=since today" in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")


def test_a_rollback_keeps_the_files_of_today_and_says_so(rules: Stand) -> None:
    """They are the inventory's: what came back with the code would be drift at once."""
    rules.lab.commit("with the file of today")
    assert with_rules(rules.controller, 9).run("deploy").code == 0
    await_rest(rules.lab)
    today, old = live(rules.lab), rules.controller.serving()
    said = with_rules(rules.controller, 9).run("rollback")
    assert said.code == 0, said.text
    assert "the files of logrotate stay as they are today" in said.text
    assert rules.controller.serving() != old
    await_rest(rules.lab)
    assert live(rules.lab) == today == {"rotate 9"}
    assert with_rules(rules.controller, 9).run("drift").code == 0
    rules.deploy()


def test_a_release_that_fails_takes_its_file_back(rules: Stand) -> None:
    """Every host was switched, and the command after all of them says no."""
    rules.lab.commit("with another file, in vain")
    before, old = live(rules.lab), rules.controller.serving()

    def refuse(data: dict[str, Any]) -> None:
        data["app"]["once"] = [{"run": "exit 7", "when": "after"}]

    failing = with_rules(rules.controller, 5).with_change(refuse)
    dry = failing.run("deploy", "--dry-run", output="terminal")
    assert "install_files 'logrotate'" in dry.text
    said = failing.run("deploy")
    assert said.code == 1, said.text
    assert {one["step"] for one in said.events("step_finished")} >= {*STEPS, "switch_live"}
    assert live(rules.lab) == before
    assert rules.controller.serving() == old
    await_rest(rules.lab)


def test_a_file_that_is_not_taken_up_takes_the_release_back(rules: Stand) -> None:
    rules.lab.commit("with a file that is not taken up")
    before, old = live(rules.lab), rules.controller.serving()
    said = with_rules(rules.controller, 6, prove="false", prove_timeout=1).run("deploy")
    assert said.code == 1, said.text
    assert "logrotate is not proved" in said.events("host_failed")[0]["message"]
    assert live(rules.lab) == before
    assert rules.controller.serving() == old
    await_rest(rules.lab)


def test_a_file_that_the_program_refuses_stops_before_anything_is_live(rules: Stand) -> None:
    rules.lab.commit("with a file that is refused")
    before = live(rules.lab)
    said = with_rules(rules.controller, 7, check="echo no such rule; false").run("deploy")
    assert said.code == 1, said.text
    assert "does not accept its files" in said.events("host_failed")[0]["message"]
    assert "switch_live" not in {one["step"] for one in said.events("step_started")}
    assert live(rules.lab) == before
    await_rest(rules.lab)
