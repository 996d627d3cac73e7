"""Releases that look complete and are not what was built: refused before any process starts.

Each test is named after its lie; where it was met stands below its name. Table: docs/proof.md.
"""

from __future__ import annotations

import shutil

import pytest

from deploy.shell import Call, call
from tests.remote.harness import Line, Ran, step
from tests.remote.releases import Site

ONE = "20261123T141502Z-3f2a9c1"
TWO = "20261124T141502Z-8b1d2e0"


def run(site: Site, *lines: Line) -> Ran:
    """A stage of an app that is compiled: it starts as `node dist/server.js`."""
    described = (str(site.root), "processes", "2", f"{site.root}/s", "/api/status", "h", "detached")
    before: list[Call] = [call("describe_cluster", *described, 5)]
    return site.shell.run(*lines, before=before)


def build(site: Site, command: str, name: str = ONE) -> Ran:
    """Make a release, whose packages are nobody's business, with that build."""
    return run(site, *site.lines(site.origin.head, site.build(name, command), name=name))


def check(site: Site, name: str = ONE) -> Ran:
    """What a deploy and a rollback ask before the release boots."""
    return run(site, step("check_release", str(site.root), name))


@pytest.fixture
def built(site: Site) -> Site:
    """A complete release with a compiled file."""
    done = build(site, "mkdir dist && echo new >dist/server.js && echo a >dist/action.js")
    assert done.code == 0, (done.refusal, done.log)
    assert check(site).outcomes == {"check_release": "unchanged"}
    return site


def test_the_build_wrote_into_an_older_directory(site: Site) -> None:
    """Reported: false success (shipit-deploy 29, pm2-deploy 14). The build itself succeeds."""
    done = build(site, 'mkdir -p "$HOME/old/dist" && echo new >"$HOME/old/dist/server.js"')
    assert done.outcomes["run_build"] == "changed", done.log
    assert "it has no dist/server.js: no build made one in this directory" in done.refusal
    assert site.names == [f"{ONE}.partial"]


def test_the_compiled_code_is_a_link_into_an_older_release(built: Site) -> None:
    """Reported: a process manager pinned to the old release (pm2 5939); here by the build."""
    done = build(built, f"ln -s '../{ONE}/dist' dist", TWO)
    assert f"its dist/server.js is {built.release(ONE)}/dist/server.js" in done.refusal
    assert built.names == [ONE, f"{TWO}.partial"]


def test_a_compiled_file_is_missing_from_a_release_that_looks_complete(built: Site) -> None:
    """Reported: rollback picks an incomplete release (capistrano 351)."""
    (built.release(ONE) / "dist/action.js").unlink()
    assert "dist/action.js is not what its build made" in check(built).refusal


def test_a_compiled_file_was_changed_after_completion(built: Site) -> None:
    """Reported: building inside the live tree mixes versions (pm2-deploy 61)."""
    (built.release(ONE) / "dist/server.js").write_text("old\n")
    assert "dist/server.js is not what its build made" in check(built).refusal


def test_the_packages_of_a_release_that_looks_complete_are_gone(site: Site) -> None:
    """Measured: pruning what a release still needs breaks every later fork (14, 17)."""
    done = run(
        site,
        *site.lines(
            site.origin.head,
            site.build(ONE, "mkdir dist && echo new >dist/server.js"),
            name=ONE,
            node="auto",
        ),
    )
    assert done.code == 0, (done.refusal, done.log)
    shutil.rmtree(site.shared / "deps")
    assert "its node_modules is gone" in check(site).refusal


def test_a_tracked_file_was_changed_after_completion(built: Site) -> None:
    """Reported: capistrano 351. What goes live is what was committed, and it is said."""
    (built.release(ONE) / "server.js").write_text("hot fix\n")
    (built.release(ONE) / "package.json").unlink()
    refused = check(built)
    assert "it has no manifest" not in refused.refusal
    (built.release(ONE) / "package.json").write_text("{}")
    done = check(built)
    assert "somebody changed tracked files; they go live as they were committed" in done.warnings
    assert (built.release(ONE) / "server.js").read_text() == "one\n"
    assert built.tree(ONE).git("status", "--porcelain") == ""


def test_a_revision_file_without_its_code(built: Site) -> None:
    """Reported: non-atomic releases (mina 16): what says its revision is not of it."""
    new = built.origin.commit({"server.js": "two\n"})
    shutil.copytree(built.release(ONE), built.release(TWO), symlinks=True)
    (built.release(TWO) / "REVISION").write_text(f"{new}\n")
    manifest = built.release(TWO) / ".deploy/release"
    manifest.write_text(f"name={TWO}\nrevision={new}\nkey=off\n")
    (found,) = (one for one in built.state.releases if one.name == TWO)
    assert found.revision == new, "so it says"
    assert f"another commit than {new} is checked out in it" in check(built, TWO).refusal


def test_a_directory_among_the_releases_is_none(built: Site) -> None:
    """Reported: capistrano 351: what a person copied there has no manifest."""
    (built.release(TWO) / "dist").mkdir(parents=True)
    assert "it has no manifest" in check(built, TWO).refusal
