"""A controller that is killed at each named point of a deploy leaves one release on every host, and
the files that go with it.
"""

from __future__ import annotations

import pytest

from tests.deploys.rules import live, with_rules
from tests.lab.kills import POINTS, WITHOUT_REGISTER, Point, Stand, off, try_point

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_a_killed_controller_leaves_one_release_with_its_files(rules: Stand, point: Point) -> None:
    """The hosts' watchers return the release, or confirm it, and its file with it."""
    before = live(rules.lab)
    keep = 20 + POINTS.index(point)
    stand = Stand(with_rules(rules.controller, keep), rules.points)
    try_point(stand, point)
    assert live(rules.lab) == ({f"rotate {keep}"} if point.outcome == "new" else before)
    assert stand.controller.run("drift").code == (0 if point.outcome == "new" else 1)
    stand.deploy()
    assert live(rules.lab) == {f"rotate {keep}"}


def test_without_a_register_status_tells_the_skew_and_the_next_deploy_mends_it(
    stand: Stand,
) -> None:
    blind = Stand(stand.controller.with_change(off), stand.points)
    try_point(blind, WITHOUT_REGISTER)
    rows = blind.controller.status()
    assert len({rows["web1"]["revision"], rows["web2"]["revision"]}) == 2, rows
    assert rows["web2"]["revision"] == rows["jobs1"]["revision"]
    blind.deploy()
