"""A release from nothing to its name: what stands in it, what is refused, what a kill leaves."""

from __future__ import annotations

import signal
import subprocess

import pytest

from deploy.inventory.layout import ReleasesLayout, make_layout
from deploy.inventory.models import App, Command, Dependencies
from deploy.steps.releases import prepare_release
from tests.remote.harness import await_log, end_session, finish, step
from tests.remote.releases import Site
from tests.remote.repositories import Tree

pytestmark = pytest.mark.shells_in_turn

ONE = "20261123T141502Z-3f2a9c1"
TWO = "20261124T141502Z-8b1d2e0"


def status(tree: Tree) -> str:
    return tree.git("status", "--porcelain")


def halves(site: Site) -> list[str]:
    """What is being made; the names of git's own records say nothing."""
    found = [str(path.relative_to(site.root)) for path in site.root.rglob("*.partial*")]
    return [name for name in found if not name.startswith("repo.git/worktrees/")]


def assert_sound(site: Site, name: str, revision: str) -> None:
    """Complete, known to git under its name, and nothing half stands anywhere."""
    tree = site.tree(name)
    assert tree.head == revision
    assert status(tree) == ""
    site.mirror.git("worktree", "prune")
    assert str(site.release(name)) in site.mirror.git("worktree", "list")
    assert (site.release(name) / ".deploy/release").read_text().count(f"revision={revision}\n") == 1
    assert halves(site) == []
    assert site.mirror.git("fsck", "--no-dangling") == ""


def test_a_release_is_made_and_is_made_once(site: Site) -> None:
    revision = site.origin.head
    ran = site.prepare(revision, name=ONE)
    assert set(ran.outcomes.values()) == {"changed", "unchanged"}
    assert_sound(site, ONE, revision)
    release = site.release(ONE)
    assert (release / "server.js").read_text() == "one\n"
    assert (release / "REVISION").read_text() == f"{revision}\n"
    assert (release / "log").resolve() == site.shared.resolve() / "log"
    assert (release / "pids").is_dir()
    before = [(p, p.lstat().st_mtime_ns) for p in sorted(site.root.rglob("*"))]
    again = site.prepare(revision, site.build(ONE, "echo x >server.js"), name=ONE)
    assert set(again.outcomes.values()) == {"unchanged"}
    assert [(p, p.lstat().st_mtime_ns) for p in sorted(site.root.rglob("*"))] == before


def test_the_commits_own_revision_file_stays(site: Site) -> None:
    revision = site.origin.commit({"REVISION": "theirs\n", "pids/.gitkeep": "", "log/.gitkeep": ""})
    assert site.prepare(revision, name=ONE).warnings == ""
    assert (site.release(ONE) / "REVISION").read_text() == "theirs\n"
    assert_sound(site, ONE, revision)


def test_an_in_place_tree_is_refused_until_it_is_adopted(site: Site) -> None:
    site.root.mkdir(parents=True)
    Tree(site.root, site.origin.environment).git("init", "-q")
    ran = site.shell.run(*site.begin(ONE, site.origin.head))
    assert "is an in-place tree" in ran.refusal
    assert "invoke adopt" in ran.refusal
    assert not (site.root / "repo.git").exists()


def test_a_directory_that_holds_other_things_is_refused(site: Site) -> None:
    (site.root / "current").mkdir(parents=True)
    assert "is not empty: it holds ./current" in site.shell.run(*site.begin(ONE, "1" * 40)).refusal


def test_another_origin_is_refused(site: Site) -> None:
    site.prepare(site.origin.head, name=ONE)
    ran = site.shell.run(step("ensure_mirror", str(site.root), "https://me:hush@example.org/x.git"))
    assert "repo.git is " in ran.refusal
    assert "hush" not in ran.refusal


def test_a_name_that_is_none_is_refused(site: Site) -> None:
    for name in ("", "..", "-x", "a/b", "a b", "x.partial"):
        assert "is not a release's name" in site.shell.run(site.make(name, "1" * 40)).refusal


def test_a_commit_that_was_not_fetched_is_refused(site: Site) -> None:
    ran = site.shell.run(site.begin(ONE, "")[0], site.make(ONE, "1" * 40))
    assert "does not have commit 1111" in ran.refusal


def test_a_name_is_never_used_for_two_revisions(site: Site) -> None:
    site.prepare(site.origin.head, name=ONE)
    ran = site.shell.run(*site.begin(ONE, site.origin.commit({"server.js": "two\n"})))
    assert f"release {ONE} is of another revision" in ran.refusal


def test_a_commit_that_tracks_our_state_is_refused(site: Site) -> None:
    revision = site.origin.commit({".deploy/x": "theirs"})
    ran = site.shell.run(*site.begin(ONE, revision))
    assert "the commit holds .deploy" in ran.refusal
    assert not site.release(ONE).exists()


def test_a_build_that_fails_makes_no_release_and_says_who_serves(site: Site) -> None:
    ran = site.shell.run(*site.lines(site.origin.head, site.build(ONE, "exit 9"), name=ONE))
    assert ran.code == 1
    assert "ended with code 9; the old code still serves" in ran.refusal
    assert site.names == [f"{ONE}.partial"]
    site.prepare(site.origin.head, name=TWO)
    assert site.names == [TWO], "the next one removes it"


def test_tracked_files_that_a_build_changed_go_live_as_committed(site: Site) -> None:
    build = "echo x >server.js; rm package.json; mkdir dist; touch dist/made"
    ran = site.prepare(site.origin.head, site.build(ONE, build), name=ONE)
    assert "the build changed tracked files" in ran.warnings
    assert " M server.js" in ran.warnings
    assert (site.release(ONE) / "server.js").read_text() == "one\n"
    assert (site.release(ONE) / "dist/made").exists()
    assert_sound(site, ONE, site.origin.head)


WRONG = {
    "rm -rf node_modules": "its node_modules is gone",
    "rm .deploy/key": "its packages were not installed",
    "rm -rf pids; ln -s /tmp pids": "log or pids is missing",
    "git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x": "another commit than",
}


def test_what_is_not_whole_does_not_become_a_release(site: Site) -> None:
    revision = site.origin.commit({"node_modules/x/index.js": "", "src": "x"})
    for number, (command, words) in enumerate(WRONG.items()):
        name = f"2026112{number}T141502Z-3f2a9c1"
        build = site.build(name, command)  # it carries its own packages: npm is not needed
        ran = site.shell.run(*site.lines(revision, build, name=name, node="auto"))
        assert f"release {name} is not complete: {words}" in ran.refusal
        assert site.names == [f"{name}.partial"]


def test_submodules_are_known_to_git_after_the_rename(
    site: Site, environment: dict[str, str]
) -> None:
    parts = [Tree(site.root.parent / name, environment) for name in ("inner", "the 'outer'")]
    for part in parts:
        part.path.mkdir(parents=True)
        part.git("init", "-q")
        part.commit({"lib": part.path.name})
    parts[1].git("submodule", "--quiet", "add", str(parts[0].path), "in")
    parts[1].commit({})
    site.origin.git("submodule", "--quiet", "add", str(parts[1].path), "parts/the 'one'")
    revision = site.origin.commit({})
    site.prepare(revision, name=ONE)
    assert_sound(site, ONE, revision)
    assert (site.release(ONE) / "parts/the 'one'/in/lib").read_text() == "inner"
    inner = site.tree(ONE).git("-C", "parts/the 'one'/in", "rev-parse", "--show-toplevel")
    assert inner == str(site.release(ONE) / "parts/the 'one'/in")
    (site.release(ONE) / "parts/the 'one'/in/lib").write_text("edited")
    assert "parts/the 'one'" in status(site.tree(ONE))


def test_a_commit_with_large_files_needs_git_lfs(site: Site) -> None:
    missing = site.shell.bin / "git-lfs"
    missing.write_text("#!/bin/sh\nexit 127\n")
    missing.chmod(0o755)
    revision = site.origin.commit({"a b/.gitattributes": "*.bin filter=lfs diff=lfs\n"})
    ran = site.shell.run(*site.begin(ONE, revision))
    assert "git-lfs is not in PATH" in ran.refusal
    assert "apt-get install git-lfs" in ran.refusal


def test_what_a_cut_off_run_left_goes_unless_a_process_uses_it(site: Site) -> None:
    site.shell.run(*site.begin(ONE, site.origin.head))
    assert site.names == [f"{ONE}.partial"]
    user = subprocess.Popen(["sleep", "60"], cwd=site.partial(ONE))
    try:
        ran = site.prepare(site.origin.head, name=TWO)
        assert f"{ONE}.partial stays: it is used by {user.pid} (sleep)" in ran.warnings
        assert site.names == [f"{ONE}.partial", TWO]
    finally:
        user.kill()
        user.wait()
    site.prepare(site.origin.commit({}), name="20261125T141502Z-8b1d2e0")
    assert f"{ONE}.partial" not in site.names


@pytest.mark.parametrize("moment", [("mv", 3), ("sync", 1), ("sync", 2)], ids=str)
def test_killed_at_any_moment_it_is_made_again(site: Site, moment: tuple[str, int]) -> None:
    """Before the release is whole, before it has its name, and just after that."""
    command, number = moment
    revision = site.origin.commit({"uploads/a": "x"})
    lines = site.lines(revision, name=ONE, shared=("uploads",))
    site.kill_at(number, command)
    assert finish(site.shell.start(*lines)).code == -signal.SIGKILL
    assert site.release(ONE).exists() == (moment == ("sync", 2))
    site.kill_no_more()
    site.prepare(revision, name=ONE, shared=("uploads",))
    assert_sound(site, ONE, revision)
    assert (site.release(ONE) / "uploads/a").read_text() == "x"


def test_a_build_that_is_killed_leaves_only_a_partial(site: Site) -> None:
    wait = site.build(ONE, "echo in the middle >&2; exec sleep 60")
    stage = site.shell.start(*site.lines(site.origin.head, wait, name=ONE))
    await_log(stage, "in the middle\n")
    end_session(stage, signal.SIGKILL)
    assert finish(stage).code != 0
    assert site.names == [f"{ONE}.partial"]
    site.prepare(site.origin.head, name=TWO)
    assert site.names == [TWO]


def test_the_builders_steps_are_the_verbs_ones(site: Site) -> None:
    app = App(
        name="chat",
        repository=str(site.origin.path),
        path="/srv/chat",
        build=(Command(run="touch dist"),),
        shared=("the data",),
        dependencies=Dependencies(node="off"),
    )
    layout = make_layout(str(site.root), None, "releases")
    assert isinstance(layout, ReleasesLayout)
    steps = prepare_release(app, layout, ONE, site.origin.head)
    ran = site.shell.run(*(step.line() for step in steps))
    assert ran.code == 0, (ran.refusal, ran.log)
    assert_sound(site, ONE, site.origin.head)
    assert (site.release(ONE) / "dist").exists()
