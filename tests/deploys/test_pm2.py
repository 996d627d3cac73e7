"""A host that pm2 keeps: a deploy, another one, a rollback, and what pm2 starts at boot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Controller
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.lab.processes import wait_until
from tests.lab.releases import PATIENCE, confirmed, doubt_host
from tests.lab.site import WORKERS
from tests.remote.pm2 import link_pm2

pytestmark = pytest.mark.lab

HOST = "web1"


@pytest.fixture
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A host with pm2 beside node, on which nothing runs yet."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        tools = lab.site.root / "tools"
        tools.mkdir()
        link_pm2(tools)
        lab.commit("a small app", FILES)

        def change(data: dict[str, Any]) -> None:
            small(data)
            data |= {"supervisor": "pm2", "node_bin": str(tools)}
            data["hosts"] = {
                HOST: data["hosts"][HOST]
            }  # pm2 starts a node of its own for each word

        yield Controller(lab, tmp_path_factory.mktemp("controller"), change)


def dump(lab: Lab) -> list[str]:
    """What the host's pm2 starts at boot, behind the app's name."""
    text = (lab.site.home(HOST) / ".pm2/dump.pm2").read_text()
    return sorted(one["name"].rpartition("@")[2] for one in json.loads(text))


@pytest.mark.timeout(600)
def test_pm2_keeps_what_is_confirmed_over_deploys_and_a_rollback(fleet: Controller) -> None:
    lab, went = fleet.lab, list[str]()
    for task in ("deploy", "deploy", "rollback"):
        lab.commit(f"for {task}")
        said = fleet.run(task)
        assert said.code == 0, said.text
        went.append(confirmed(lab, HOST))
        assert dump(lab) == [*(f"{went[-1]}.{n}" for n in range(WORKERS)), "watcher"]
        wait_until(lambda: doubt_host(lab, HOST) == "", "a host at rest", PATIENCE)
    assert went[2] == went[0] != went[1]
    assert "nothing starts pm2 of" in fleet.run("check").text
