"""What a host is told of its workers: a number, or what bounds `auto`."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.steps.processes import wanted_workers
from tests.unit.test_render.conftest import make_environment


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, "auto"),
        ({"workers": 3, "cpus": 2, "worker_memory": "300m"}, "3"),
        ({"cpus": 2}, "auto:2:"),
        ({"worker_memory": "300m"}, "auto::307200"),
        ({"strategy": "releases", "worker_memory": "1g"}, "auto::2097152"),
        ({"strategy": "releases", "worker_memory": "1g", "fallback": "restart"}, "auto::1048576"),
        ({"strategy": "releases", "worker_memory": "1g", "overlap": False}, "auto::1048576"),
    ],
)
def test_workers_are_asked_for(settings: dict[str, Any], wanted: str) -> None:
    assert wanted_workers(*make_environment(**settings)) == wanted
