"""The main job with releases on ActionHero 29, from hosts that are bare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import new_lab
from tests.deploys.harness import Controller
from tests.deploys.releases_life import quick, succeed, try_a_revision_and_back

pytestmark = pytest.mark.lab


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Controller]:
    """Hosts that nothing was deployed to."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        yield Controller(lab, tmp_path, quick(lab))


def test_a_revision_and_back_under_load(fleet: Controller) -> None:
    succeed(fleet, "deploy")
    try_a_revision_and_back(fleet)
