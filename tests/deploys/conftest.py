"""Labs with the app deployed, and a controller in front of each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploys.harness import Controller
from tests.lab import Lab


def copy_dist(lab: Lab) -> Any:
    """The compiled code is the live one's: nothing of it changes here, and tsc takes seconds."""

    def change(data: dict[str, Any]) -> None:
        copy = f"cp -r {lab.app_path('web1')}/dist dist"
        data["app"]["build"] = [{"run": copy, "timeout": 60}]

    return change


@pytest.fixture(scope="module")
def deployed(lab29: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """ActionHero 29 on every host; later runs copy what the first one compiled."""
    directory = tmp_path_factory.mktemp("controller")
    assert (said := Controller(lab29, directory / "first").run("deploy")).code == 0, said.text
    return Controller(lab29, directory, copy_dist(lab29))
