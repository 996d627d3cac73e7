"""`invoke queues` and `queues.release` where ActionHero 14 enqueues and works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploys.harness import Controller
from tests.deploys.jobs import try_a_killed_worker, try_to_fall_behind, with_jobs

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def app(live14: Controller) -> Iterator[Controller]:
    """ActionHero 14 with those jobs on web1 and jobs1."""
    with with_jobs(live14) as controller:
        yield controller


def test_a_queue_that_falls_behind_is_told_at_its_true_rate(app: Controller) -> None:
    try_to_fall_behind(app)


def test_the_job_of_a_killed_worker_is_found_released_and_worked(app: Controller) -> None:
    try_a_killed_worker(app)
