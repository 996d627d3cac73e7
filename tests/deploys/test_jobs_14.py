"""`invoke queues` and `queues.release` where ActionHero 14 enqueues and works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploys.harness import Controller
from tests.deploys.jobs import try_a_killed_worker, try_to_fall_behind, with_jobs
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def app(lab14: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """ActionHero 14 with those jobs on web1 and jobs1."""
    with with_jobs(Controller(lab14, tmp_path_factory.mktemp("controller"))) as controller:
        yield controller


def test_a_queue_that_falls_behind_is_told_at_its_true_rate(app: Controller) -> None:
    try_to_fall_behind(app)


def test_the_job_of_a_killed_worker_is_found_released_and_worked(app: Controller) -> None:
    try_a_killed_worker(app)
