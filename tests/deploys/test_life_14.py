"""The main job on ActionHero 14: USR2 to a cluster master on Node 8."""

from __future__ import annotations

import signal

import pytest

from tests.deploys.harness import Controller, run
from tests.deploys.life import try_a_revision_under_load
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def live(live14: Controller) -> Lab:
    """ActionHero 14, in place on every host."""
    return live14.lab


def test_a_master_behind_a_symlink_is_not_called_a_success(live: Lab) -> None:
    """14 without PROJECT_ROOT, started through `current`: USR2 would reload the old directory."""
    app = live.app_path("web1")
    releases = app.parent / "releases"
    assert run(live, "stop", "--env", "lab", "--limit", "web1").code == 0
    live.sh(
        "web1",
        f"mkdir {releases}; mv {app} {releases}/1; cp -a {releases}/1 {releases}/2\n"
        f"ln -s {releases}/1 {app}",
    )
    try:
        assert run(live, "start", "--env", "lab", "--limit", "web1").code == 0
        old = live.processes("web1")
        live.sh("web1", f"ln -s {releases}/2 {app}.new; mv -T {app}.new {app}")
        live.commit("behind a symlink")
        done = run(live, "deploy", "--env", "lab", "--limit", "web1")
        assert done.code == 1, done.text
        assert f"runs from {releases}/1" in done.text
        assert live.processes("web1") == old
    finally:
        for process in live.processes("web1"):
            process.signal(signal.SIGKILL)
        live.sh("web1", f"rm {app}; mv {releases}/2 {app}; rm -r {releases}")
        assert run(live, "restart", "--env", "lab", "--limit", "web1").code == 0


def test_a_revision_under_load_and_then_nothing_to_do(live: Lab) -> None:
    try_a_revision_under_load(live)
