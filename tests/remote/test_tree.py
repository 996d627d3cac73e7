"""check, prepare, checkout and restore on real git trees: what is refused, kept, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.remote.harness import fact, step
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


@pytest.mark.usefixtures("old")
def test_a_deploy_moves_the_tree_and_keeps_the_branch(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n", "a name\n'x' \"y\"": "odd"})
    app.deploy(new)
    assert app.tree.head == new
    assert app.tree.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert (app.path / "server.js").read_text() == "two\n"
    assert (app.path / "a name\n'x' \"y\"").read_text() == "odd"
    assert app.tree.git("status", "--porcelain") == ""
    assert record(app)["revision"] == new


def test_the_same_deploy_again_changes_nothing(app: App, old: str) -> None:
    before = (app.state / "activated").read_bytes()
    ran = app.deploy(old)
    assert [step for step, how in ran.outcomes.items() if how != "unchanged"] == []
    assert (app.state / "activated").read_bytes() == before


@pytest.mark.usefixtures("old")
def test_a_tree_that_a_person_moved_is_marked_again(app: App) -> None:
    """Processes that run may have started before `git pull` was typed on the host."""
    new = app.origin.commit({"server.js": "two\n"})
    app.tree.git("pull", "-q", str(app.origin.path), "main")
    ran = app.deploy(new)
    assert ran.outcomes["checkout_tree"] == "changed"
    assert record(app)["revision"] == new


@pytest.mark.usefixtures("old")
def test_pids_and_log_are_made(app: App) -> None:
    assert (app.path / "pids").is_dir()
    assert (app.path / "log").is_dir()


def check(app: App, revision: str, force: str = "no") -> tuple[str, str, int]:
    ran = app.shell.run(*app.fetch(revision), app.check(revision, force))
    return ran.refusal, ran.warnings, ran.code


@pytest.mark.usefixtures("old")
def test_changes_of_tracked_files_are_refused_with_their_names(app: App) -> None:
    new = app.origin.commit({f"{n}.js": "x" for n in range(25)})
    app.deploy(new)
    for n in range(25):
        (app.path / f"{n}.js").write_text("edited on the host")
    (app.path / "server.js").unlink()
    refusal, _, code = check(app, new)
    assert code == 1
    assert "changes of tracked files (26):\n   M 0.js" in refusal
    assert "\n  and 6 more" in refusal
    assert refusal.count(".js\n") == 20
    assert "--force" in refusal


@pytest.mark.usefixtures("old")
def test_names_with_quotes_and_line_breaks_are_shown_as_git_quotes_them(app: App) -> None:
    new = app.origin.commit({"x\ny \"'": "1"})
    app.deploy(new)
    (app.path / "x\ny \"'").write_text("2")
    assert '\n   M "x\\ny \\"\'"\n' in check(app, new)[0]


@pytest.mark.usefixtures("old")
def test_untracked_files_in_the_way_are_refused_others_are_not(app: App) -> None:
    new = app.origin.commit({"conf\nig.json": "theirs", "deep/er/file": "theirs"})
    (app.path / "notes").write_text("mine")
    assert check(app, new) == ("", "", 0)
    (app.path / "conf\nig.json").write_text("mine")
    (app.path / "deep/er").mkdir(parents=True)
    (app.path / "deep/er/file").write_text("mine")
    refusal, _, code = check(app, new)
    assert code == 1
    assert 'that the commit has too (2):\n  "conf\\nig.json"\n  deep/er/file' in refusal


@pytest.mark.usefixtures("old")
def test_commits_that_only_this_host_has_are_refused(app: App) -> None:
    app.tree.commit({"hot": "fix"}, subject="mend it $(reboot)")
    new = app.origin.commit({"server.js": "two\n"})
    refusal, _, _ = check(app, new)
    assert "commits that no remote has (1):\n  " in refusal
    assert " mend it $(reboot)" in refusal


def test_an_older_revision_and_a_rewritten_branch_are_no_loss(app: App, old: str) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    app.deploy(new)
    assert check(app, old) == ("", "", 0)
    app.origin.git("reset", "-q", "--hard", old)
    rewritten = app.origin.commit({"server.js": "three\n"})
    assert check(app, rewritten) == ("", "", 0)


def test_a_merge_that_was_not_finished_is_refused(app: App, old: str) -> None:
    (app.path / ".git/MERGE_HEAD").write_text(old + "\n")
    assert "an unfinished operation (1):\n  MERGE_HEAD" in check(app, old)[0]


@pytest.mark.usefixtures("old")
def test_force_says_what_it_drops_and_keeps_it_reachable(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n", "extra": "theirs"})
    (app.path / "server.js").write_text("edited\n")
    (app.path / "extra").write_text("mine")
    ran = app.deploy(new, force="yes")
    assert " M server.js" in ran.warnings
    assert "\n  extra" in ran.warnings
    assert (app.path / "server.js").read_text() == "two\n"
    assert app.tree.git("show", "refs/deploy/dropped:server.js") == "edited"


def test_undo_puts_back_what_force_had_dropped(app: App, old: str) -> None:
    """The old code that served was the one with the edits."""
    new = app.origin.commit({"server.js": "two\n", "extra": "theirs", "dist/x": "theirs"})
    (app.path / "server.js").write_text("edited\n")
    (app.path / "extra").write_text("mine")
    (app.path / "dist").mkdir()
    (app.path / "dist/x").write_text("mine")
    before = app.files()
    lines = [*app.fetch(new), app.check(new, "yes"), app.prepare(new), app.checkout(new, "yes")]
    ran = app.shell.run(*lines, FAIL)
    assert ran.code == 1
    assert app.files() == before
    assert app.tree.head == old


@pytest.mark.usefixtures("old")
def test_ignored_files_in_the_way_are_told(app: App) -> None:
    new = app.origin.commit({"dist/x": "theirs"})
    (app.path / "dist").mkdir()
    (app.path / "dist/x").write_text("mine")
    refusal, warnings, _ = check(app, new)
    assert (refusal, warnings.endswith("so far:\n  dist/x")) == ("", True)


@pytest.mark.usefixtures("old")
def test_prepare_leaves_the_live_tree_alone_and_is_done_once(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    first = app.shell.run(*app.fetch(new), app.prepare(new))
    assert first.outcomes["prepare_tree"] == "changed"
    assert (app.prepared(new) / "server.js").read_text() == "two\n"
    assert (app.path / "server.js").read_text() == "one\n"
    assert app.shell.run(app.prepare(new)).outcomes == {"prepare_tree": "unchanged"}


@pytest.mark.usefixtures("old")
def test_a_half_made_tree_is_made_again(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    app.shell.run(*app.fetch(new), app.prepare(new))
    Path(f"{app.prepared(new)}.complete").unlink()
    (app.prepared(new) / ".git").unlink()
    (app.prepared(new) / "server.js").unlink()
    (app.path / f".git/worktrees/{new}/locked").write_text("initializing")
    ran = app.shell.run(app.prepare(new))
    assert ran.outcomes == {"prepare_tree": "changed"}
    assert (app.prepared(new) / "server.js").read_text() == "two\n"


@pytest.mark.usefixtures("old")
def test_what_a_build_left_is_cleaned_from_a_tree_used_again(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    spoil = "echo x >server.js; mkdir dist node_modules; touch dist/x node_modules/x"
    app.shell.run(*app.fetch(new), app.prepare(new), app.build(new, spoil))
    app.shell.run(app.prepare(new))
    names = {p.name for p in app.prepared(new).iterdir()}
    assert names == {".git", ".gitignore", "server.js", "node_modules"}
    assert (app.prepared(new) / "server.js").read_text() == "two\n"


@pytest.mark.usefixtures("old")
def test_trees_of_other_revisions_go(app: App) -> None:
    new = app.origin.commit({"server.js": "two\n"})
    app.shell.run(*app.fetch(new), app.prepare(new))
    assert [p.name for p in (app.state / "prepared").iterdir() if p.is_dir()] == [new]
    assert (app.path / "server.js").read_text() == "one\n"


@pytest.mark.usefixtures("old")
def test_submodules_come_along_and_go_back(app: App, tmp_path: Path) -> None:
    part = type(app.origin)(tmp_path / "part", app.origin.environment)
    part.path.mkdir()
    part.git("init", "-q")
    part.commit({"lib": "1"})
    app.origin.git("submodule", "--quiet", "add", str(part.path), "parts/one")
    first = app.origin.commit({})
    app.deploy(first)
    assert (app.path / "parts/one/lib").read_text() == "1"
    part.commit({"lib": "2"})
    app.origin.git("-C", "parts/one", "pull", "-q")
    second = app.origin.commit({})
    lines = [*app.fetch(second), app.prepare(second), app.checkout(second)]
    moved = app.shell.run(*lines, step("run_build", str(app.path), "cat parts/one/lib; exit 9", 5))
    assert "2" in moved.log
    assert (app.path / "parts/one/lib").read_text() == "1"
    assert app.tree.git("status", "--porcelain") == ""


def test_tree_state_tells_all_in_lines(app: App, old: str) -> None:
    (app.path / "server.js").write_text("edited")
    (app.path / ".git/MERGE_HEAD").write_text(old + "\n")
    lines = app.shell.run(fact("tree_state", str(app.path))).answer.splitlines()
    assert {
        "repository=yes",
        f"head={old}",
        "branch=main",
        f"origin={app.origin.path}",
        "operation=MERGE_HEAD",
        "dirty= M server.js",
        "dirty_count=1",
        "node_key=",
        f"activated.revision={old}",
    } <= set(lines)


def test_tree_state_of_nothing(app: App) -> None:
    assert app.shell.run(fact("tree_state", str(app.path))).answer == "repository=no"
