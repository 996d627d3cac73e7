"""`invoke topology --live` on the lab: the picture says of each host what `status` says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Controller, Running, Said
from tests.deploys.zygote import Spawned
from tests.lab.site import SSH_PORT

pytestmark = pytest.mark.lab


def draw(controller: Controller, *flags: str, change: Any = None) -> Said:
    words = ("topology", "--env", "lab", "--live", *flags)
    variables = {**os.environ, **controller.lab.environment, **controller._environment(change)}
    return Running(Spawned(words, variables)).finish()


def test_each_host_is_drawn_as_status_sees_it(deployed: Controller, tmp_path: Path) -> None:
    well = draw(deployed)
    assert well.code == 0, well.text
    assert well.text.count("✓") == 3

    def lose_web2(data: dict[str, Any]) -> None:
        data["hosts"]["web2"] |= {"address": "127.0.0.1", "port": SSH_PORT + 1}

    pids = deployed.lab.app_path("web1") / "pids"
    moved = pids.rename(pids.with_name("pids.moved"))
    try:
        said = draw(deployed, change=lose_web2)
        svg = draw(deployed, "--out", str(tmp_path / "now.svg"), change=lose_web2)
    finally:
        moved.rename(pids)
    assert said.code == svg.code == 1
    lines = {line.split()[2]: line for line in said.lines if "─" in line and "·" not in line}
    assert lines["web1"].split()[1] == "✗"
    assert "pidfile" in lines["web1"]
    assert lines["web2"].split()[1] == "⊘"
    assert lines["jobs1"].split()[1] == "✓"
    text = (tmp_path / "now.svg").read_text("utf-8")
    assert [text.count(f'<g class="{state}">') for state in ("well", "ill", "lost")] == [1, 1, 1]
