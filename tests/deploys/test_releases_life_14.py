"""The main job with releases on ActionHero 14, where it was in place before."""

from __future__ import annotations

import pytest

from tests.deploys.harness import Controller
from tests.deploys.releases_life import adopted, try_a_revision_and_back

pytestmark = pytest.mark.lab


def test_a_revision_and_back_under_load(live14: Controller) -> None:
    try_a_revision_and_back(adopted(live14))
