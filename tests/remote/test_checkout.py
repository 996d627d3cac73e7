"""Undo of a checkout, from each point at which it can be cut off; and the record it leaves."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from deploy.shell import Call, Line
from tests.remote.harness import await_log, end_session, finish, step
from tests.remote.repositories import App

pytestmark = pytest.mark.shells_in_turn

FAIL = step("run_build", "/", "exit 9", 5)


def record(app: App) -> dict[str, str]:
    """The activation record."""
    lines = (app.state / "activated").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def old(app: App) -> str:
    """The revision of a first deploy, with its branch checked out as people do it."""
    revision = app.origin.head
    app.deploy(revision)
    app.tree.git("checkout", "-q", "-b", "main")
    return revision


def test_undo_goes_back_to_nothing_where_there_was_nothing(app: App) -> None:
    new = app.origin.head
    ran = app.shell.run(*app.fetch(new), app.prepare(new), app.checkout(new), FAIL)
    assert ran.code == 1
    assert app.files() == {}
    assert app.tree.git("for-each-ref", "refs/heads") == ""
    app.deploy(new)
    assert (app.path / "server.js").read_text() == "one\n"


def test_undo_goes_back_to_the_branch_at_the_old_commit(app: App, old: str) -> None:
    new = app.origin.commit({"server.js": "two\n", "more": "x"})
    before = app.files()
    ran = app.shell.run(*app.fetch(new), app.prepare(new), app.checkout(new), FAIL)
    assert ran.of("undone") == [{"type": "undone", "step": "checkout_tree", "outcome": "completed"}]
    assert app.files() == before
    assert app.tree.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert app.tree.head == old
    assert record(app)["revision"] == old
    again = app.shell.run(Line("undo", Call("restore_tree", (str(app.path),))))
    assert again.outcomes == {"undo": "unchanged"}


def test_undo_before_the_move_changes_nothing(app: App, old: str) -> None:
    (app.path / "server.js").write_text("edited\n")
    new = app.origin.commit({"server.js": "two\n"})
    ran = app.shell.run(*app.fetch(new), app.prepare(new), app.checkout(new))
    assert "was changed since it was checked:\n   M server.js" in ran.refusal
    assert ran.code == 1
    assert (app.path / "server.js").read_text() == "edited\n"
    assert app.tree.head == old


def half_move(app: App, old: str, new: str) -> None:
    """The state that a `git reset` leaves which is killed after it wrote some files."""
    app.shell.run(*app.fetch(new), app.prepare(new))
    previous = app.state / "previous"
    previous.mkdir(exist_ok=True)
    (previous / "revision").write_text(old + "\n")
    (previous / "target").write_text(new + "\n")
    (previous / "head").write_text("refs/heads/main\n")
    (previous / "moving").touch()
    (app.path / ".git/index.lock").touch()
    (app.path / "server.js").write_text("two\n")
    (app.path / "added").write_text("new file\n")


def test_undo_of_a_half_move_leaves_nothing_of_the_new_commit(app: App, old: str) -> None:
    before = app.files()
    new = app.origin.commit({"server.js": "two\n", "added": "new file\n", "late": "x"})
    half_move(app, old, new)
    ran = app.shell.run(step("restore_tree", str(app.path)))
    assert ran.outcomes == {"restore_tree": "changed"}
    assert app.files() == before
    assert app.tree.git("status", "--porcelain") == ""


def test_a_deploy_after_a_half_move_goes_through(app: App, old: str) -> None:
    """Power lost in the middle of the checkout: nobody ran the undo."""
    new = app.origin.commit({"server.js": "two\n", "added": "new file\n"})
    half_move(app, old, new)
    newer = app.origin.commit({"server.js": "three\n", "added": None})
    ran = app.deploy(newer)
    assert any("put back first" in r["text"] for r in ran.of("noted"))
    assert app.tree.head == newer
    assert not (app.path / "added").exists()
    assert app.tree.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("old")
def test_a_term_after_the_checkout_puts_the_tree_back(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    wait = step("run_build", str(app.path), "cat server.js; exec sleep 60", 90)
    stage = app.shell.start(*app.fetch(new), app.prepare(new), app.checkout(new), wait)
    await_log(stage, "two\n")
    end_session(stage, signal.SIGTERM)
    assert finish(stage).code == 1
    assert (app.path / "server.js").read_text() == "one\n"
    app.deploy(new)
    assert (app.path / "server.js").read_text() == "two\n"


@pytest.mark.usefixtures("old")
def test_the_record_counts_in_ticks_of_this_boot(app: App) -> None:
    found = record(app)
    assert found["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert uptime * 100 - 6000 < int(found["ticks"]) <= uptime * 100 + 1
