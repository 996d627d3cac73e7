"""Topologies in a real Chromium: every text is within its card, and everybody can read the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.app.drawing import html, svg
from deploy.inventory import load_environment
from deploy.reports.topology import Health, make_graph
from tests.pages.browser import Page
from tests.pages.conftest import LOOKS, grave

INVENTORY = Path(__file__).parents[2] / "inventory"
HEALTH = {
    "lb1": Health("reached"),
    "web1": Health("well"),
    "web2": Health("ill", "1 of 4 workers run, and WWWWWWWWWWWW cannot be told"),
    "jobs1": Health("lost", "connection refused"),
}
OUTSIDE = """
[...document.querySelectorAll('g')].filter(one => one.querySelector('.card')).flatMap(one => {
  const card = one.querySelector('.card').getBBox();
  return [...one.querySelectorAll('text')].filter(text => {
    const box = text.getBBox();
    return box.x < card.x || box.x + box.width > card.x + card.width
        || box.y < card.y || box.y + box.height > card.y + card.height;
  }).map(text => text.textContent);
})
"""


@pytest.mark.parametrize("name", ["topology", "production", "lab"])
def test_everybody_can_read_it(page: Page, axe: str, tmp_path: Path, name: str) -> None:
    health = HEALTH if name == "topology" else None
    graph = make_graph(load_environment(name, INVENTORY), health)
    picture, paper = tmp_path / "topology.svg", tmp_path / "topology.html"
    picture.write_text(svg(graph))
    paper.write_text(html(graph))
    page.open(picture)
    assert (page.errors, page.requests) == ([], [])
    assert page.run("document.querySelectorAll('.card').length") >= 5
    assert page.run(OUTSIDE) == []
    for width, dark, rule in LOOKS:
        page.open(paper, width, dark=dark)
        assert (page.errors, page.requests) == ([], [])
        assert page.run("document.documentElement.scrollWidth") == width
        assert grave(page, axe, rule) == []
