"""The main job with releases on ActionHero 14, where it was in place before."""

from __future__ import annotations

import pytest

from tests.deploys.harness import Controller
from tests.deploys.releases_life import adopted, succeed, try_two_revisions_and_back

pytestmark = pytest.mark.lab


def test_two_revisions_and_back_under_load(live14: Controller) -> None:
    if not (live14.lab.app_path("web1") / "current").exists():
        succeed(live14, "deploy")  # other tests leave hosts at different revisions
    try_two_revisions_and_back(adopted(live14))
