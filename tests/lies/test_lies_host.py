"""Lies of ActionHero itself (18.1.4), on a host of the lab.

It answers 200, and is not what it says. Table: docs/proof.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploys.harness import Controller
from tests.lab.processes import find, wait_until

pytestmark = pytest.mark.lab

WEB1 = ("--limit", "web1")


@pytest.fixture
def mismatched(live18: Controller) -> Iterator[Controller]:
    """18 works in the app's directory; its launcher is that of an older copy beside it."""
    controller, lab18 = live18, live18.lab
    app = lab18.app_path("web1")
    old = app.with_name("old")
    shutil.copytree(app / "node_modules", old / "node_modules", symlinks=True)
    master = find(int((app / "pids/cluster_pidfile").read_text()))
    assert master is not None
    environment = Path(f"/proc/{master.pid}/environ").read_text().split("\0")
    port = next(one for one in environment if one.startswith("PORT="))
    words = " ".join(master.command[2:])
    assert controller.run("stop", *WEB1).code == 0
    lab18.sh(
        "web1",
        f"cd {app}; set -a; . .deploy/env; {port}; PROJECT_ROOT={app}\n"
        f"setsid {old}/node_modules/.bin/actionhero {words} >log/by-hand 2>&1 </dev/null &",
    )
    wait_until(lambda: lab18.get("web1", "/api/revision").status == 200, "a worker", 60)
    yield controller
    assert controller.run("restart", *WEB1).code == 0
    shutil.rmtree(old)


def test_the_library_is_another_instance_than_the_actions_know(mismatched: Controller) -> None:
    """Measured: 18 answers 200, and `api.config` is undefined in its actions (PROJECT_ROOT)."""
    lab = mismatched.lab
    answer = lab.get("web1", "/api/revision")
    assert answer.status == 200
    assert "id" not in answer.json(), "api.id, of the instance that never started"
    words = "node_modules/actionhero/bin/actionhero, which is not of"
    wait_until(lambda: words in mismatched.status()["web1"]["objection"], words, 30)
    lab.commit("over it")
    said = mismatched.run("deploy", *WEB1)
    assert said.code == 1, said.text
    assert said.failure["step"] == "reload_cluster"
    assert "invoke restart" in said.failure["message"]
