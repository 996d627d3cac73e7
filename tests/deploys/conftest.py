"""Labs with the app deployed, and a controller in front of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Controller
from tests.deploys.rules import make_places
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.lab.kills import Stand
from tests.lab.points import Points


def copy_dist(lab: Lab) -> Any:
    """The compiled code is the live one's: nothing of it changes here, and tsc takes seconds."""

    def change(data: dict[str, Any]) -> None:
        copy = f"cp -r {lab.app_path('web1')}/dist dist"
        data["app"]["build"] = [{"run": copy, "timeout": 60}]

    return change


@pytest.fixture(scope="session")
def deployed(live29: Controller) -> Controller:
    """ActionHero 29 on every host; runs copy what the first one compiled."""
    return live29.with_change(copy_dist(live29.lab))


@pytest.fixture(scope="session")
def small_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A fleet that serves its first release of a small app; it stops at points on demand."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        points = Points(lab)
        points.install()
        lab.commit("a small app", FILES)

        def change(data: dict[str, Any]) -> None:
            small(data)
            points.change(data)

        stand = Stand(Controller(lab, tmp_path_factory.mktemp("controller"), change), points)
        stand.deploy()
        yield stand


@pytest.fixture
def stand(small_fleet: Stand) -> Iterator[Stand]:
    """The fleet as the last test left it; nothing waits."""
    small_fleet.points.clear()
    yield small_fleet
    small_fleet.points.clear()


@pytest.fixture
def rules(stand: Stand) -> Stand:
    """The fleet, with what a test left on it."""
    make_places(stand.lab)
    return stand
