"""Packages of releases, with real npm and pip: made once a key, shared, made again after a kill."""

from __future__ import annotations

import io
import json
import signal
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.remote.harness import finish, only
from tests.remote.releases import Site
from tests.remote.repositories import App, Tree
from tests.remote.test_packages import wheel, without_npm
from tests.remote.test_release import ONE, TWO, assert_sound

pytestmark = pytest.mark.shells_in_turn


def plain(site: Site) -> App:
    """The same host as the tests of packages know it."""
    return App(site.shell, Tree(site.root, site.origin.environment), site.origin)


def depend(site: Site, version: str) -> str:
    """Commit an app that depends on a tiny package of that version, with its lockfile."""
    files = {"package.json": f'{{"name": "part", "version": "{version}"}}', "index.js": ""}
    vendor = site.origin.path / "vendor"
    vendor.mkdir(exist_ok=True)
    with tarfile.open(vendor / f"part-{version}.tgz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    source = f"file:vendor/part-{version}.tgz"
    package = {"name": "app", "dependencies": {"part": source}}
    part = {"version": version, "resolved": source}
    packages = {"": package, "node_modules/part": part}
    lock = {"name": "app", "lockfileVersion": 3, "requires": True, "packages": packages}
    return site.origin.commit(
        {"package.json": json.dumps(package), "package-lock.json": json.dumps(lock)}
    )


def version(site: Site, name: str) -> str:
    """Of the package, as the release finds it."""
    file = site.release(name) / "node_modules/part/package.json"
    return str(json.loads(file.read_text())["version"])


@pytest.fixture
def first(site: Site) -> str:
    return depend(site, "1.0.0")


def test_two_releases_share_packages_and_npm_runs_for_a_new_key_only(
    site: Site, first: str
) -> None:
    site.prepare(first, name=ONE, node="auto")
    assert_sound(site, ONE, first)
    (key,) = site.keys
    assert str((site.release(ONE) / "node_modules").readlink()) == (
        f"../../shared/deps/{key}/node_modules"
    )
    assert f"key={key}\n" in (site.release(ONE) / ".deploy/release").read_text()
    assert version(site, ONE) == "1.0.0"
    code_only = site.origin.commit({"server.js": "two\n"})
    without_npm(plain(site))
    ran = site.prepare(code_only, name=TWO, node="auto")
    assert "npm was started" not in ran.log
    assert site.keys == [key]
    assert version(site, TWO) == "1.0.0"
    changed = depend(site, "2.0.0")
    lines = site.lines(changed, name="20261125T141502Z-1", node="auto")
    assert "npm was started" in site.shell.run(*lines).log


@only("busybox")
def test_installed_again_nothing_changes(site: Site, first: str) -> None:
    lines = [*site.begin(ONE, first), site.node(ONE, "auto")]
    assert site.shell.run(*lines).outcomes["install_release_node"] == "changed"
    without_npm(plain(site))
    ran = site.shell.run(site.node(ONE, "auto"))
    assert ran.outcomes == {"install_release_node": "unchanged"}


@only("dash")
def test_an_install_that_was_killed_is_made_again(site: Site, first: str) -> None:
    """Moved out of the release, but not under its key: nobody takes it for whole."""
    lines = site.lines(first, name=ONE, node="auto")
    site.kill_at(1, "sync")
    assert finish(site.shell.start(*lines)).code == -signal.SIGKILL
    site.kill_no_more()
    (half,) = site.keys
    assert half.endswith(".partial")
    (site.shared / "deps" / half.removesuffix(".partial")).mkdir()
    site.prepare(first, name=ONE, node="auto")
    assert site.keys == [half.removesuffix(".partial")]
    assert version(site, ONE) == "1.0.0"


LINKED = {
    "package.json": '{"name": "app", "dependencies": {"own": "file:own"}}',
    "own/package.json": '{"name": "own", "version": "1.0.0"}',
    "own/index.js": "module.exports = 'own'",
}
BUILT = {"package.json": '{"name": "app", "scripts": {"postinstall": "mkdir dist; touch dist/x"}}'}


@only("busybox")
@pytest.mark.parametrize(
    ("files", "words"),
    [(LINKED, "own links out of node_modules"), (BUILT, "npm also made dist/")],
    ids=["links into the tree", "makes other files"],
)
def test_packages_that_are_tied_to_the_tree_are_the_releases_own(
    site: Site, files: dict[str, str | None], words: str
) -> None:
    """Shared, they would lead to another release, or lack what only npm makes."""
    revision = site.origin.commit({**files, "package-lock.json": None})
    ran = site.prepare(revision, name=ONE, node="install")
    assert f"keeps its packages to itself: {words}" in str(ran.of("noted"))
    assert site.keys == []
    assert not (site.release(ONE) / "node_modules").is_symlink()
    second = site.origin.commit({"server.js": "two\n"})
    site.prepare(second, name=TWO, node="install")
    made = "dist/x" if files is BUILT else "node_modules/own/index.js"
    assert str((site.release(TWO) / made).resolve()).startswith(str(site.release(TWO).resolve()))
    assert (site.release(TWO) / made).exists()


def test_packages_that_are_not_managed_need_no_npm(site: Site) -> None:
    revision = site.origin.commit({"package.json": None})
    without_npm(plain(site))
    site.prepare(revision, name=ONE, node="off")
    assert "key=off\n" in (site.release(ONE) / ".deploy/release").read_text()


@only("dash")
def test_an_install_that_fails_leaves_no_release(site: Site) -> None:
    package = '{"name": "app", "dependencies": {"part": "file:none.tgz"}}'
    revision = site.origin.commit({"package.json": package, "package-lock.json": None})
    ran = site.shell.run(*site.lines(revision, name=ONE, node="install"))
    assert "the old code still serves" in ran.refusal
    assert (site.names, site.keys) == ([f"{ONE}.partial"], [])


@only("dash")
def test_two_releases_share_a_virtual_environment(site: Site, tmp_path: Path) -> None:
    """The path has a space, but no double quote: pip's launchers do not work below one."""
    site = replace(site, root=tmp_path / "an app")
    wheel(site.origin.path)
    first = site.origin.commit({"requirements.txt": "./tiny-1.0-py3-none-any.whl\n"})
    ran = site.prepare(first, site.python(ONE), site.build(ONE, "tiny"), name=ONE)
    assert "tiny runs" in ran.log
    second = site.origin.commit({"server.js": "two\n"})
    ran = site.prepare(second, site.python(TWO), site.build(TWO, "tiny"), name=TWO)
    assert "tiny runs" in ran.log
    assert "pip install" not in str(ran.of("noted"))
    (venv,) = (site.shared / "venvs").iterdir()
    for name in (ONE, TWO):
        assert (site.release(name) / ".deploy/venv").readlink() == venv
    site.serve(ONE)
    site.prune(1)
    assert venv.is_dir()
