"""The picture of an inventory: its groups and arrows, its places, and its forms as text."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import yaml

from deploy.app import Flags
from deploy.app.drawing import html, svg, topology
from deploy.errors import DeployError
from deploy.inventory import Environment, load_environment
from deploy.reports.topology import Health, lay_out, make_graph, mermaid, tree
from tests.lab.site import Site
from tests.lab.topology import document

INVENTORY = Path(__file__).parents[2] / "inventory"
GOLDEN = Path(__file__).with_name("golden")
HOSTILE = '</svg><img src=x> "quoted" `code` #35;'


def environment(name: str, directory: Path = INVENTORY) -> Environment:
    return load_environment(name, directory)


def groups(found: Environment) -> dict[str, list[str]]:
    return {one.id: [card.name for card in one.cards] for one in make_graph(found).groups}


def changed(tmp_path: Path, data: dict[str, Any]) -> Environment:
    (tmp_path / "lab.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    return load_environment("lab", tmp_path)


def test_the_whole_topology_reads_as_the_production_notes_have_it() -> None:
    """Read by a person."""
    graph = make_graph(environment("topology"))
    assert mermaid(graph) == (GOLDEN / "topology.md").read_text("utf-8")
    assert tree(graph) + "\n" == (GOLDEN / "topology.txt").read_text("utf-8")


def test_what_is_not_in_the_inventory_is_drawn_where_the_app_is_told_of_it(tmp_path: Path) -> None:
    data = yaml.safe_load((INVENTORY / "lab.yml").read_text())
    data["nginx"] = {"real_ip_from": ["10.0.0.0/24"]}
    assert groups(changed(tmp_path, data)) == {
        "clients": ["browsers, apps"],
        "balancer": ["10.0.0.0/24"],
        "servers": ["web1", "web2"],
        "workers": ["jobs1"],
        "redis": ["127.0.8.6:16379"],
    }
    assert "balancer" not in groups(environment("lab"))


def test_the_lab_as_a_whole_topology(tmp_path: Path) -> None:
    found = changed(tmp_path, document(Site(topology=True), "deploy"))
    assert groups(found) == {
        "clients": ["browsers, apps"],
        "balancer": ["lb1"],
        "servers": ["web1", "web2"],
        "workers": ["jobs1"],
        "cache": ["cache1"],
        "tasks": ["redis1", "redis2"],
        "sentinels": ["redis1", "redis2", "jobs1"],
    }


def test_tasks_elsewhere_are_a_redis_of_their_own(tmp_path: Path) -> None:
    data = yaml.safe_load((INVENTORY / "lab.yml").read_text())
    data["actionhero"] = {"redis": {"tasks": {"host": "tasks.internal"}}}
    found = groups(changed(tmp_path, data))
    assert (found["cache"], found["tasks"]) == (["127.0.8.6:16379"], ["tasks.internal:6379"])


@pytest.mark.parametrize("name", ["topology", "production", "lab"])
def test_nothing_overlaps_and_nothing_is_outside(name: str) -> None:
    picture = lay_out(make_graph(environment(name)))
    frames = [(one.x, one.y, one.x + one.width, one.y + one.height) for one in picture.groups]
    assert all(x1 >= 0 and x2 <= picture.width and y2 <= picture.height for x1, _, x2, y2 in frames)
    for a, b in combinations(frames, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for edge in picture.edges:
        ys = [float(y) for y in re.findall(r",([\d.]+)", edge.path)]
        assert (ys[0] > ys[-1]) == edge.edge.is_watch, "only sentinels look up"


def test_health_is_a_sign_and_a_colour_in_every_form() -> None:
    health = {
        "web1": Health("well"),
        "web2": Health("ill", HOSTILE),
        "jobs1": Health("lost", "no answer"),
        "lb1": Health("reached"),
    }
    graph = make_graph(environment("topology"), health)
    for text in (tree(graph), svg(graph), mermaid(graph), html(graph)):
        assert all(f"{sign} " in text for sign in "✓✗⊘○"), text
    drawing = Xml.fromstring(svg(graph))  # noqa: S314  # our own
    classes = [one.get("class") for one in drawing.iter() if one.tag.endswith("g")]
    assert {one: classes.count(one) for one in ("well", "ill", "lost", "reached")} == {
        "well": 1,
        "ill": 1,
        "lost": 2,
        "reached": 1,
    }, "jobs1 is drawn twice: it guards, too"
    assert "<img" not in svg(graph) + html(graph) + mermaid(graph)
    assert not re.search(r"`code|\"quoted", mermaid(graph))


def test_the_picture_of_the_readme_is_current() -> None:
    """Made by `invoke topology --env topology --out docs/topology.svg`."""
    drawn = svg(make_graph(environment("topology")))
    assert (INVENTORY.parent / "docs/topology.svg").read_text("utf-8") == drawn


def test_a_file_that_ends_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="nothing is known of files that end so"):
        topology(False, str(tmp_path / "x.png"), Flags(env="lab"))
