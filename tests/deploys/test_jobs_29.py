"""`invoke queues` and `queues.release` where ActionHero 29 enqueues and works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploys.harness import Controller
from tests.deploys.jobs import compiled, try_a_killed_worker, try_to_fall_behind, with_jobs

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def app(live29: Controller) -> Iterator[Controller]:
    """ActionHero 29 with those jobs on web1 and jobs1."""
    with with_jobs(live29.with_change(compiled(live29.lab))) as controller:
        yield controller


def test_a_queue_that_falls_behind_is_told_at_its_true_rate(app: Controller) -> None:
    try_to_fall_behind(app)


def test_the_job_of_a_killed_worker_is_found_released_and_worked(app: Controller) -> None:
    try_a_killed_worker(app)
