"""What outlives a release: seeded once from the commit, linked ever after, never through a link."""

from __future__ import annotations

import signal

import pytest

from tests.remote.harness import finish, step
from tests.remote.releases import Site
from tests.remote.test_release import ONE, TWO, assert_sound

pytestmark = pytest.mark.shells_in_turn

ODD = "public/the 'up' \"loads\" [x]*"


def test_shared_paths_begin_as_the_commits_and_outlive_it(site: Site) -> None:
    files: dict[str, str | None] = {f"{ODD}/a b": "seed", "config/own.json": "{}", "log/.keep": ""}
    first = site.origin.commit(files)
    shared = (ODD, "config/own.json", "data")
    site.prepare(first, name=ONE, shared=shared)
    assert_sound(site, ONE, first)
    release = site.release(ONE)
    assert str((release / ODD).readlink()) == f"../../../shared/{ODD}"
    assert (release / ODD / "a b").read_text() == "seed"
    assert str((release / "data").readlink()) == "../../shared/data"
    (release / ODD / "a b").write_text("written while it ran")
    (release / "data/x").write_text("1")
    second = site.origin.commit({f"{ODD}/a b": "newer", "config/own.json": "[]"})
    site.prepare(second, name=TWO, shared=shared)
    assert_sound(site, TWO, second)
    assert (site.release(TWO) / ODD / "a b").read_text() == "written while it ran"
    assert (site.release(TWO) / "config/own.json").read_text() == "{}"
    assert (site.release(TWO) / "data/x").read_text() == "1"


def test_linked_again_nothing_changes(site: Site) -> None:
    revision = site.origin.commit({"pids": "a file", f"{ODD}/x": "1"})
    lines = [*site.begin(ONE, revision), site.link(ONE, ODD)]
    site.shell.run(*lines)
    ran = site.shell.run(site.link(ONE, ODD))
    assert ran.outcomes == {"link_shared": "unchanged"}
    assert (site.partial(ONE) / "pids").is_dir()


def test_a_file_that_is_nowhere_is_asked_for(site: Site) -> None:
    ran = site.shell.run(*site.begin(ONE, site.origin.head), site.link(ONE, "config/own.json"))
    assert "the commit has no config/own.json to begin with" in ran.refusal
    (site.shared / "config").mkdir(exist_ok=True)
    (site.shared / "config/own.json").write_text("mine")
    site.prepare(site.origin.head, name=ONE, shared=("config/own.json",))
    assert (site.release(ONE) / "config/own.json").read_text() == "mine"


def test_a_path_that_no_release_can_share_is_refused(site: Site) -> None:
    site.shell.run(*site.begin(ONE, site.origin.head))
    for path in ("../x", "a/../../x", "/etc", ".git/hooks", "./a", "a//b"):
        refusal = site.shell.run(site.link(ONE, path)).refusal
        assert f"{path} cannot be shared: it is no path of the app's own" in refusal
    for path in ("pids", "node_modules/x"):
        refusal = site.shell.run(site.link(ONE, path)).refusal
        assert f"{path} cannot be shared: each release has its own" in refusal


def test_no_link_leads_a_shared_path_away(site: Site) -> None:
    outside = site.root.parent / "outside"
    outside.mkdir(parents=True)
    (outside / "kept").write_text("x")
    (site.origin.path / "public").symlink_to(outside)
    (site.origin.path / "linked").symlink_to(outside)
    revision = site.origin.commit({})
    begin = site.begin(ONE, revision)
    ran = site.shell.run(*begin, site.link(ONE, "public/up"))
    assert f"{site.partial(ONE)}/public is no directory" in ran.refusal
    ran = site.shell.run(*begin, site.link(ONE, "linked"))
    assert "linked cannot be shared: it is a link in the commit" in ran.refusal
    (site.shared / "data").symlink_to(outside)
    ran = site.shell.run(*begin, site.link(ONE, "data/deep"))
    assert f"{site.shared}/data is no directory" in ran.refusal
    assert [path.name for path in outside.iterdir()] == ["kept"]


def test_a_shared_directory_that_a_person_moved_to_another_disk_stays(site: Site) -> None:
    disk = site.root.parent / "disk"
    disk.mkdir(parents=True)
    (disk / "kept").write_text("x")
    site.shared.mkdir(parents=True)
    (site.shared / "uploads").symlink_to(disk)
    site.prepare(site.origin.commit({"uploads/seed": "1"}), name=ONE, shared=("uploads",))
    assert (site.release(ONE) / "uploads/kept").read_text() == "x"
    assert [path.name for path in disk.iterdir()] == ["kept"]


def test_a_seed_that_is_cut_off_is_made_again(site: Site) -> None:
    revision = site.origin.commit({"uploads/a": "x", "uploads/b": "y"})
    lines = site.lines(revision, name=ONE, shared=("uploads",))
    site.kill_at(1, "cp")
    assert finish(site.shell.start(*lines)).code == -signal.SIGKILL
    site.kill_no_more()
    (site.shared / "uploads.partial").mkdir()
    (site.shared / "uploads.partial/a").write_text("half")
    site.prepare(revision, name=ONE, shared=("uploads",))
    assert (site.release(ONE) / "uploads/a").read_text() == "x"
    assert_sound(site, ONE, revision)


def test_a_release_that_nobody_makes_is_not_linked(site: Site) -> None:
    for verb in ("link_shared", "complete_release"):
        arguments = [""] if verb == "link_shared" else []
        ran = site.shell.run(step(verb, str(site.root), ONE, *arguments))
        assert f"release {ONE} is not being made on this host\ndeploy again" in ran.refusal
