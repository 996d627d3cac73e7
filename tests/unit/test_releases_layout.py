"""Paths and steps of strategy `releases`, as every room takes them from one place."""

from __future__ import annotations

from pathlib import Path

from deploy.inventory import load_environment
from deploy.inventory.layout import ReleasesLayout, make_layout
from deploy.inventory.models import App, Command
from deploy.steps.releases import prepare_release, prune_releases
from tests.unit.test_inventory_faults import BASE

NAME = "20261123T141502Z-3f2a9c1"


def layout(sockets_dir: str | None = None) -> ReleasesLayout:
    made = make_layout("/srv/chat", sockets_dir, "releases")
    assert isinstance(made, ReleasesLayout)
    return made


def test_what_outlives_a_release_lies_beside_it() -> None:
    paths = layout()
    assert paths.state == "/srv/chat/.deploy"
    assert paths.lock == "/srv/chat/.deploy/lock"
    assert paths.mirror == "/srv/chat/repo.git"
    assert paths.dependencies == "/srv/chat/shared/deps"
    assert paths.log == "/srv/chat/shared/log"
    assert (paths.public, paths.previous_public) == (
        "/srv/chat/current/public",
        "/srv/chat/previous/public",
    )


def test_nginx_connects_through_live_and_processes_bind_their_releases_sockets() -> None:
    assert layout().socket(1) == "/srv/chat/shared/sockets/live/1.sock"
    assert layout("/run/chat").socket() == "/run/chat/live/0.sock"
    assert layout("/run/chat").inside(NAME).socket(2) == f"/run/chat/{NAME}/2.sock"


def test_a_release_is_a_tree_of_its_own() -> None:
    tree = layout().inside(NAME)
    assert tree.state == f"/srv/chat/releases/{NAME}/.deploy"
    assert tree.env_file == f"/srv/chat/releases/{NAME}/.deploy/env"
    assert tree.pids == f"/srv/chat/releases/{NAME}/pids"


def test_a_release_is_prepared_in_order_and_completed_last() -> None:
    app = App(
        name="chat",
        repository="git@example.org:chat.git",
        path="/srv/chat",
        build=(Command(run="npm run build"),),
        shared=("public/uploads", "the 'data'"),
    )
    steps = prepare_release(app, layout(), NAME, "3f2a9c1" + "0" * 33)
    assert [step.id for step in steps] == [
        "ensure_mirror",
        "fetch_commit",
        "make_release",
        "link_shared",
        "install_python",
        "install_node",
        "run_build_1",
        "complete_release",
    ]
    assert [step.id for step in steps if step.undo] == []
    assert steps[3].call.arguments[2] == "public/uploads\nthe 'data'"
    assert steps[6].call.arguments[0] == f"/srv/chat/releases/{NAME}.partial"


def test_a_prune_names_what_the_run_needs() -> None:
    assert str(prune_releases(layout(), 5, (NAME,)).call) == (
        f"prune_releases '/srv/chat' '5' '{NAME}'"
    )


def test_workers_and_in_place_trees_may_listen_on_a_port(tmp_path: Path) -> None:
    hosts = "hosts: {jobs1: {address: 10.0.0.1, roles: [worker]}}"
    for name, lines in {"a": ["strategy: in_place"], "b": ["strategy: releases", hosts]}.items():
        written = {**BASE, **{line.partition(":")[0]: line for line in (*lines, "listen: 8080")}}
        (tmp_path / f"{name}.yml").write_text("\n".join(written.values()), "utf-8")
        assert load_environment(name, tmp_path).hosts
