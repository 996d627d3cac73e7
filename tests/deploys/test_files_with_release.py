"""Files of a program that go live with a release, and go back with it: whoever takes it back."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Controller
from tests.lab.kills import POINTS, Stand, try_point
from tests.lab.releases import await_rest
from tests.lab.site import ROLES

pytestmark = pytest.mark.lab

CHECK = "/usr/sbin/logrotate --debug --state {app}/rules/state {{actionhero}}"
STEPS = {"stage_logrotate", "install_logrotate", "reload_logrotate", "prove_logrotate"}

NUMBERS = itertools.count(1)


def with_rules(stand: Stand, keep: int, **program: Any) -> Controller:
    """The fleet with logrotate's real rules as files of the release: `keep` is what is in them."""

    def change(data: dict[str, Any]) -> None:
        for host in ROLES:
            app = stand.lab.app_path(host)
            data["hosts"][host]["programs"] = {
                "logrotate": {
                    "sudo": False,
                    "with_deploy": True,
                    "files": {
                        name: {"destination": f"{app}/rules/{name}"}
                        for name in ("actionhero", "check")
                    },
                    "check": CHECK.format(app=app),
                    "reload": f"cp {{actionhero}} {app}/rules/live",
                    "prove": f"cmp {{actionhero}} {app}/rules/live",
                    **program,
                }
            }
        data["logrotate"] = {"keep": keep, "user": data.get("user") or stand.lab.account.name}

    made = stand.controller.with_change(change)
    made._directory = made._directory / str(next(NUMBERS))  # each has inventories of its own
    return made


@pytest.fixture
def rules(stand: Stand) -> Stand:
    """A directory for them on each host, where nothing is installed yet or what a test left."""
    for host in ROLES:
        directory = stand.lab.app_path(host) / "rules"
        directory.mkdir(exist_ok=True)
        stand.lab.account.own(directory)
    return stand


def live(stand: Stand) -> set[str]:
    """What every host's logrotate keeps, by its file and by what took it up."""
    found = set()
    for host in ROLES:
        for name in ("actionhero", "live"):
            file: Path = stand.lab.app_path(host) / "rules" / name
            text = file.read_text() if file.exists() else ""
            found.add(next((line for line in text.splitlines() if "rotate " in line), "").strip())
    return found


def test_a_new_file_goes_live_with_the_release(rules: Stand) -> None:
    rules.lab.commit("with its first file")
    said = with_rules(rules, 3).run("deploy")
    assert said.code == 0, said.text
    assert live(rules) == {"rotate 3"}
    assert {one["step"] for one in said.events("step_started")} >= STEPS
    await_rest(rules.lab)

    rules.lab.commit("with the same file")
    again = with_rules(rules, 3).run("deploy")
    assert again.code == 0, again.text
    assert not {one["step"] for one in again.events("step_started")} & STEPS
    await_rest(rules.lab)
    assert with_rules(rules, 3).run("drift").code == 0


def test_a_release_that_fails_takes_its_file_back(rules: Stand) -> None:
    """Every host was switched, and the command after all of them says no."""
    rules.lab.commit("with another file, in vain")
    before, old = live(rules), rules.controller.serving()

    def refuse(data: dict[str, Any]) -> None:
        data["app"]["once"] = [{"run": "exit 7", "when": "after"}]

    failing = with_rules(rules, 5).with_change(refuse)
    dry = failing.run("deploy", "--dry-run", output="terminal")
    assert "install_files 'logrotate'" in dry.text
    said = failing.run("deploy")
    assert said.code == 1, said.text
    assert {one["step"] for one in said.events("step_finished")} >= {*STEPS, "switch_live"}
    assert live(rules) == before
    assert rules.controller.serving() == old
    await_rest(rules.lab)


def test_a_file_that_is_not_taken_up_takes_the_release_back(rules: Stand) -> None:
    rules.lab.commit("with a file that is not taken up")
    before, old = live(rules), rules.controller.serving()
    said = with_rules(rules, 6, prove="false", prove_timeout=1).run("deploy")
    assert said.code == 1, said.text
    assert "logrotate is not proved" in said.events("host_failed")[0]["message"]
    assert live(rules) == before
    assert rules.controller.serving() == old
    await_rest(rules.lab)


def test_a_file_that_the_program_refuses_stops_before_anything_is_live(rules: Stand) -> None:
    rules.lab.commit("with a file that is refused")
    before = live(rules)
    said = with_rules(rules, 7, check="echo no such rule; false").run("deploy")
    assert said.code == 1, said.text
    assert "does not accept its files" in said.events("host_failed")[0]["message"]
    assert "switch_live" not in {one["step"] for one in said.events("step_started")}
    assert live(rules) == before
    await_rest(rules.lab)


@pytest.mark.parametrize("point", [POINTS[2], POINTS[4], POINTS[5]], ids=lambda point: point.name)
def test_a_killed_controllers_files_are_those_of_the_release_that_stays(
    rules: Stand, point: Any
) -> None:
    """The hosts' watchers return the release, or confirm it, and its file with it."""
    before = live(rules)
    keep = 20 + POINTS.index(point)
    try_point(Stand(with_rules(rules, keep), rules.points), point)
    assert live(rules) == ({f"rotate {keep}"} if point.outcome == "new" else before)
    assert with_rules(rules, keep).run("drift").code == (0 if point.outcome == "new" else 1)
    rules.deploy()
