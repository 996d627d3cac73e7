"""Releases that are no good: the old one serves on every host, nothing is lost, and it is said
which host, which step, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Change, Controller, Said
from tests.lab import Process
from tests.lab.releases import await_rest, confirmed
from tests.lab.site import ROLES

pytestmark = pytest.mark.lab

HANG = """\
'use strict'
const { Initializer } = require('actionhero')
module.exports = class Hang extends Initializer {
  constructor () { super(); this.name = 'hang' }
  initialize () { return new Promise(() => setInterval(() => {}, 1000)) }
}
"""
UNWELL = """\
'use strict'
const { Action } = require('actionhero')
exports.status = class Status extends Action {
  constructor () { super(); this.name = 'status'; this.description = 'unwell' }
  async run ({ connection }) { connection.rawConnection.responseHttpCode = 500 }
}
"""
CRASH = """
setInterval(() => fs.stat('CRASH', (error) => error || process.exit(9)), 100)
"""
"""While the mark is there every worker dies, and each that is begun in its place."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """ActionHero 18 on every host, as a release."""
    with ExitStack() as stack:
        lab = new_lab(stack, 18, "releases")
        lab.up()
        controller = Controller(lab, tmp_path_factory.mktemp("controller"), waiting(health=30))
        assert (said := controller.run("deploy")).code == 0, said.text
        yield controller


@pytest.fixture
def fleet(deployed: Controller) -> Iterator[Controller]:
    """The fleet, asked without end while something is tried; no answer is lost."""
    lab = deployed.lab
    with ExitStack() as stack:
        options = {"clients": 1, "pause": 0.05, "seconds": 300}
        loads = [stack.enter_context(lab.load(host, **options)) for host in ("web1", "web2")]
        for load in loads:
            load.wait(3)
        yield deployed
        for load in loads:
            load.wait(load.total + 10)
    logs = [(lab.site.nginx(host) / "error.log").read_text()[-500:] for host in ("web1", "web2")]
    assert [load.failed for load in loads] == [{}, {}], logs


def waiting(*, health: int, gate: int = 0) -> Change:
    """An inventory that waits so long for a release, and watches it so long."""

    def change(data: dict[str, Any]) -> None:
        data["app"]["health"] = {"timeout": health}
        data["rollout"] = {"gate": {"seconds": gate}}
        data["drain"] = 5

    return change


def processes(controller: Controller) -> dict[str, list[Process]]:
    return {host: controller.lab.processes(host) for host in ROLES}


def assert_went_back(controller: Controller, said: Said, host: str, step: str, why: str) -> None:
    """One failure, told in full; every host is on the old release, and nobody else was."""
    assert said.code == 1, said.text
    failure = said.failure
    assert (failure["host"], failure["step"]) == (host, step), failure
    assert why in failure["message"], failure
    assert failure["hint"]
    assert said.end["hosts"] == dict.fromkeys(ROLES, "old")
    assert said.end["message"] == "failed: the old code serves on every host"
    await_rest(controller.lab)
    assert len({confirmed(controller.lab, host) for host in ROLES}) == 1


def assert_only_the_canary_was_touched(said: Said) -> None:
    touched = {e["host"] for e in said.events("step_started") if e["stage"] == "activate"}
    assert touched == {"web1"}


@pytest.mark.parametrize(
    ("files", "health", "why"),
    [
        ({"actions/slow.js": "exports.oh no("}, 30, "ended while it started"),
        ({"actions/status.js": UNWELL}, 10, "answers 500"),
        ({"initializers/hang.js": HANG}, 3, "does not answer after 6 s"),
    ],
    ids=["a syntax error", "answers 500", "hangs"],
)
def test_what_does_not_come_up_gets_no_request_and_goes_no_further(
    fleet: Controller, files: dict[str, str], health: int, why: str
) -> None:
    before, old = processes(fleet), fleet.serving()
    with fleet.committed("no good", files):
        said = fleet.run("deploy", change=waiting(health=health))
    assert_went_back(fleet, said, "web1", "boot_release", why)
    assert_only_the_canary_was_touched(said)
    assert processes(fleet) == before
    assert fleet.serving() == old


def test_a_crash_of_every_worker_after_the_switch_costs_no_request(fleet: Controller) -> None:
    mark, old = fleet.lab.host_root("web1") / "crash", fleet.serving()
    source = fleet.lab.repository.show("HEAD", "actions/revision.js")
    crashing = source + CRASH.replace("CRASH", str(mark))
    with fleet.committed("dies soon", {"actions/revision.js": crashing}):
        running = fleet.start("deploy", change=waiting(health=30, gate=30))
        running.wait_for("step_started", step="watch_gate", host="web1")
        mark.touch()
        said = running.finish()
    assert_went_back(fleet, said, "web1", "watch_gate", "ended after the switch")
    assert_only_the_canary_was_touched(said)
    assert fleet.serving() == old


def test_a_second_batch_that_fails_takes_the_canary_back_with_it(fleet: Controller) -> None:
    before, old = processes(fleet), fleet.serving()
    broken = "if (process.cwd().includes('/web2/')) throw new Error('not on web2')\n"
    source = fleet.lab.repository.show("HEAD", "actions/revision.js")
    with fleet.committed("not everywhere", {"actions/revision.js": broken + source}):
        said = fleet.run("deploy")
    switched = [e["host"] for e in said.events("step_finished") if e["step"] == "switch_live"]
    assert "web1" in switched
    assert "web2" not in switched
    assert_went_back(fleet, said, "web2", "boot_release", "ended while it started")
    assert processes(fleet) == before
    assert fleet.serving("web1") == fleet.serving("web2") == old
