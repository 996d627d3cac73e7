"""Places to lie at: a host with a release that serves, an app in place, nginx in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lies.places import Front, InPlace
from tests.remote.conftest import dash, environment, origin, redis, site  # noqa: F401
from tests.remote.fleet import DRAIN, SERVER, Host
from tests.remote.harness import Shell, step
from tests.remote.repositories import App, Tree


@pytest.fixture
def shell(dash: Shell) -> Shell:  # noqa: F811
    """One shell: what the verbs do in each is tested beside them."""
    return dash


@pytest.fixture
def host(shell: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release r1 is confirmed and serves, r2 is complete."""
    host = Host(shell, tmp_path / "h")
    for name in ("r1", "r2"):
        (host.make(name) / ".deploy/release").write_text(f"name={name}\nrevision=\n")
    try:
        done = host.go_live("run1", "r1")
        assert done.code == 0, done.log
        assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
        yield host
    finally:
        host.end()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """nginx, not started yet."""
    front = Front(tmp_path / "nginx")
    yield front
    front.end()


@pytest.fixture
def in_place(shell: Shell, tmp_path: Path, origin: Tree) -> Iterator[InPlace]:  # noqa: F811
    """Two processes that run the origin's commit, proved."""
    text = SERVER.replace("BOOT", "").replace("STATUS", "200")
    revision = origin.commit({"dist/server.js": text, ".gitignore": "/log\n/pids\n"})
    app = App(shell, Tree(tmp_path / "app", origin.environment), origin)
    place = InPlace(app, tmp_path / "s")
    app.deploy(revision)
    (app.state / "env").touch()
    try:
        done = place.run(step("start_cluster", 20), *place.proof(revision))
        assert done.code == 0, done.log
        assert place.look().objection == ""
        yield place
    finally:
        place.end()
