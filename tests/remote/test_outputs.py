"""swap_outputs and its undo on real trees: what moves, what stays, and every half-way point."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.shell import Line
from tests.remote.harness import step
from tests.remote.repositories import App

pytestmark = pytest.mark.shells_in_turn

BUILD = "mkdir -p dist public/assets && cp server.js dist/ && cp server.js public/assets/app.js"
FAIL = step("run_build", "/", "exit 9", 5)


@pytest.fixture
def old(app: App) -> str:
    """The revision of a first deploy with a build."""
    revision = app.origin.commit({"public/index.html": "<p>", "odd 'n\name/.keep": ""})
    app.deploy(revision, app.build(revision, BUILD))
    return revision


def prepare(app: App, revision: str, command: str = BUILD) -> None:
    """All of a deploy but its activation."""
    lines = [*app.fetch(revision), app.prepare(revision), app.build(revision, command)]
    ran = app.shell.run(*lines)
    assert ran.code == 0, ran.refusal


def activate(app: App, revision: str) -> list[Line]:
    return [app.checkout(revision), app.swap(revision)]


@pytest.mark.usefixtures("old")
def test_what_a_build_made_goes_live_and_stale_files_go(app: App) -> None:
    (app.path / "dist/removed.js").write_text("x")
    (app.state / "placed").write_text((app.state / "placed").read_text() + "./dist/removed.js\n")
    new = app.origin.commit({"server.js": "two\n"})
    ran = app.deploy(new, app.build(new, BUILD))
    assert ran.outcomes["swap_outputs"] == "changed"
    assert app.files("dist", "public/assets") == {
        "dist/server.js": "two\n",
        "public/assets/app.js": "two\n",
    }


@pytest.mark.usefixtures("old")
def test_data_that_the_app_wrote_stays(app: App) -> None:
    """Uploads beside assets, logs and pidfiles, also where a command in the build wrote some."""
    (app.path / "dist/uploads").mkdir()
    (app.path / "dist/uploads/a 'b'").write_text("mine")
    (app.path / "log/app.log").write_text("mine")
    (app.path / "pids/cluster_pidfile").write_text("1")
    new = app.origin.commit({"server.js": "two\n"})
    spoil = f"{BUILD}; mkdir log pids; echo x >log/app.log; echo x >pids/cluster_pidfile"
    app.deploy(new, app.build(new, spoil))
    assert app.files("dist", "log", "pids") == {
        "dist/server.js": "two\n",
        "dist/uploads/a 'b'": "mine",
        "log/app.log": "mine",
        "pids/cluster_pidfile": "1",
    }


@pytest.mark.usefixtures("old")
def test_names_that_need_quoting_move_and_return(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    name = 'odd \'n\name/$(reboot) %s "q" ä\\\n'
    prepare(app, new)
    (app.prepared(new) / name).write_text("new")
    before = app.files()
    assert app.shell.run(*activate(app, new)).code == 0
    assert (app.path / name).read_text() == "new"
    restore = [line.undo for line in reversed(activate(app, new)) if line.undo]
    ran = app.shell.run(*(Line(call.verb, call) for call in restore))
    assert ran.code == 0
    assert app.files() == before


@pytest.mark.usefixtures("old")
def test_undo_puts_all_of_it_back(app: App) -> None:
    before, placed = app.files(), (app.state / "placed").read_text()
    new = app.origin.commit({"server.js": "two\n"})
    prepare(app, new, f"{BUILD}; echo x >generated; mkdir node_modules; echo 2 >node_modules/v")
    ran = app.shell.run(*activate(app, new), FAIL)
    assert [r["outcome"] for r in ran.of("undone")] == ["completed", "completed"]
    assert app.files() == before
    assert (app.state / "placed").read_text() == placed
    assert (app.prepared(new) / "dist/server.js").read_text() == "two\n"
    assert (app.prepared(new) / "node_modules/v").read_text() == "2\n"


@pytest.mark.usefixtures("old")
def test_undo_of_nothing_does_nothing(app: App) -> None:
    ran = app.shell.run(step("restore_outputs", str(app.path), "/none", "/none"))
    assert ran.outcomes == {"restore_outputs": "changed"}
    ran = app.shell.run(step("restore_outputs", str(app.path), "/none", "/none"))
    assert ran.outcomes == {"restore_outputs": "unchanged"}


def renames_until(shell_bin: Path, count: int) -> None:
    """Let `mv` work `count` times, and end its caller's whole stage with KILL at the next one."""
    (shell_bin / "mv").write_text(
        f'#!/bin/sh\necho >>"{shell_bin}/mv.calls"\n'
        f'[ "$(wc -l <"{shell_bin}/mv.calls")" -le {count} ] || kill -KILL 0\n'
        'exec /bin/mv "$@"\n'
    )
    (shell_bin / "mv").chmod(0o755)
    (shell_bin / "mv.calls").write_text("")


@pytest.mark.parametrize("count", range(9))
@pytest.mark.usefixtures("old")
def test_a_swap_killed_at_any_rename_can_be_undone_and_redone(app: App, count: int) -> None:
    """KILL, as a power cut would: the undo runs later, from what is on disk."""
    (app.path / "node_modules").mkdir()
    (app.path / "node_modules/v").write_text("1\n")
    (app.state / "node_key").write_text("k1")
    before = app.files()
    new = app.origin.commit({"server.js": "two\n"})
    prepare(app, new, f"{BUILD}; echo x >generated; mkdir node_modules; echo 2 >node_modules/v")
    Path(f"{app.prepared(new)}.key").write_text("k2")
    assert app.shell.run(app.checkout(new)).code == 0
    renames_until(app.shell.bin, count)
    killed = app.shell.run(app.swap(new))
    assert killed.code != 0
    (app.shell.bin / "mv").unlink()
    undo = [line.undo for line in reversed(activate(app, new)) if line.undo]
    assert app.shell.run(*(Line(call.verb, call) for call in undo)).code == 0
    assert app.files() == before
    assert (app.state / "node_key").read_text() == "k1"
    assert app.shell.run(*activate(app, new)).code == 0
    assert (app.path / "dist/server.js").read_text() == "two\n"
    assert (app.path / "node_modules/v").read_text() == "2\n"
    assert (app.state / "node_key").read_text() == "k2"


@pytest.mark.usefixtures("old")
def test_a_deploy_after_a_killed_swap_starts_from_the_old_state(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    prepare(app, new)
    assert app.shell.run(app.checkout(new)).code == 0
    renames_until(app.shell.bin, 1)
    assert app.shell.run(app.swap(new)).code != 0
    (app.shell.bin / "mv").unlink()
    newer = app.origin.commit({"server.js": "three\n"})
    app.deploy(newer, app.build(newer, "mkdir dist && cp server.js dist/"))
    assert app.files("dist", "public/assets") == {
        "dist/server.js": "three\n",
        "public/assets/app.js": "one\n",
    }


@pytest.mark.usefixtures("old")
def test_tracked_files_that_a_build_changes_are_told(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    ran = app.deploy(new, app.build(new, "echo x >server.js"))
    assert "committed:\n   M server.js" in ran.warnings
    assert (app.path / "server.js").read_text() == "two\n"
