"""Which old releases go, and which never do: with real processes that hold them in every way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.facts.releases import Confirmed, Pending
from tests.remote.conftest import make_login
from tests.remote.harness import finish, make_shell, only, step
from tests.remote.releases import PACKAGE, Site
from tests.remote.repositories import make_origin

pytestmark = pytest.mark.shells_in_turn

NODE = "console.log('ready'); setInterval(() => {}, 1000)"
NAMES = [f"2026112{day}T141502Z-3f2a9c1" for day in range(1, 5)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Four releases, made once."""
    near = tmp_path_factory.mktemp("made")
    environment = make_login(near / "home")
    origin = make_origin(near / "origin", environment)
    origin.commit({"server.js": NODE, "package.json": PACKAGE})
    site = Site(make_shell("dash", near / "shell", environment), near / "app", origin)
    site.prepare_all(NAMES)
    return site


@pytest.fixture
def four(made: Site, site: Site) -> Site:
    """A copy of them, each of which served in its turn."""
    site = replace(site, origin=made.origin)
    shutil.copytree(made.root, site.root, symlinks=True)
    for name in NAMES:
        link = site.release(name) / ".git"
        link.write_text(link.read_text().replace(str(made.root), str(site.root)))
        site.serve(name)
        (site.shared / "sockets" / name).mkdir(parents=True)
    site.mirror.git("worktree", "repair", *(str(site.release(name)) for name in NAMES))
    return site


def test_the_newest_that_served_are_kept(four: Site) -> None:
    ran = four.prune(3)
    assert four.names == NAMES[1:]
    values = [(report["key"], report["text"]) for report in ran.of("value")]
    assert values == [
        ("kept", f"{NAMES[3]}: current"),
        ("kept", f"{NAMES[2]}: previous"),
        ("kept", f"{NAMES[1]}: one of the 3 newest that were proved"),
        ("removed", NAMES[0]),
    ]
    assert sorted(p.name for p in (four.shared / "sockets").iterdir()) == NAMES[1:]
    assert len(four.mirror.git("worktree", "list").splitlines()) == 4
    assert four.mirror.git("for-each-ref", "refs/deploy/releases").count("\n") == 2
    assert four.shell.run(step("prune_releases", str(four.root), 3)).outcomes == {
        "prune_releases": "unchanged"
    }


def test_what_was_rolled_back_from_pushes_no_good_one_out(four: Site) -> None:
    (four.release(NAMES[1]) / ".deploy" / "withdrawn").touch()
    four.prune(3)
    assert four.names == NAMES
    assert [r.was_withdrawn for r in four.state.releases] == [False, True, False, False]


def test_failed_releases_go_first_and_push_nothing_out(four: Site) -> None:
    failed = [f"2026112{day}T141502Z-8b1d2e0" for day in range(5, 9)]
    four.prepare_all(failed)
    four.prune(4, failed[3])
    assert four.names == [*NAMES, failed[3]]


def test_records_and_links_hold_a_release(four: Site) -> None:
    state = four.root / ".deploy"
    (state / "confirmed").write_text(f"run=r1\nrelease={NAMES[0]}\n")
    (state / "pending").write_text(f"run=r2\nrelease={NAMES[1]}\nincarnation=abc def\n")
    (four.shared / "sockets/live").symlink_to(NAMES[2])
    (four.root / "previous").unlink()
    four.prune(1)
    assert four.names == NAMES
    (state / "pending").write_text("")
    ran = four.shell.run(step("prune_releases", str(four.root), 1))
    assert "pending names no release; nothing was pruned" in ran.refusal
    assert four.names == NAMES


@contextmanager
def running(command: list[str], cwd: Path | None = None) -> Iterator[int]:
    """A process that says when it runs."""
    process = subprocess.Popen(command, cwd=cwd or "/", stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.wait()


HOLD = """
import ctypes, sys, time
path, how = sys.argv[1:]
held = open(path, "rb")
if how == "map":  # Python's own mmap keeps the file open as well
    size, readable, private = ctypes.c_size_t(4096), 1, 2
    ctypes.CDLL(None).mmap(None, size, readable, private, held.fileno(), ctypes.c_long(0))
    held.close()
print("ready", flush=True)
time.sleep(60)
"""


def holders(four: Site, old: Path) -> dict[str, tuple[list[str], Path | None]]:
    """A command, and where it runs, for every way in which a process holds the release."""
    (old / "library").write_bytes(b"x" * 4096)
    link = four.root.parent / "link"
    link.symlink_to(old / "library")
    by_link = ["python3", "-c", HOLD, str(link)]
    alias = four.root.parent / "alias"
    alias.symlink_to(four.root / "releases")
    near, named = four.root / "releases", f"{old.name}/server.js"
    return {
        "cwd": (["node", "-e", NODE], old),
        "open file": ([*by_link, "file"], None),
        "command line": (["node", f"{old}/server.js"], None),
        "relative": (["node", named], near),
        "mapped": ([*by_link, "map"], None),
        "another spelling": (["node", f"{alias}/{named}"], None),
        "another user's": ([*other_user(), "node", "-e", NODE, f"{old}/x"], None),
    }


@only("dash")
def test_what_a_process_uses_stays(four: Site) -> None:
    old = four.release(NAMES[0])
    for way, (command, cwd) in holders(four, old).items():
        with running(command, cwd) as pid:
            ran = four.prune(1)
            assert f"kept {old.name}: used by {pid} (" in str(ran.of("noted")), way
            assert four.names == [NAMES[0], *NAMES[2:]], way
    four.prune(1)
    assert four.names == NAMES[2:]


def other_user() -> list[str]:
    """Another user's process where we may start one: then only its command line can be read."""
    return ["setpriv", "--reuid=nobody", "--clear-groups"] if os.getuid() == 0 else []


def test_a_name_in_a_command_line_alone_holds_nothing(four: Site) -> None:
    """`invoke rollback --to NAME` runs on this host too where the transport is local."""
    with running(
        ["node", "-e", NODE, "--", f"--to={NAMES[0]}", NAMES[0], f"{four.release(NAMES[0])}x"]
    ):
        four.prune(2)
    assert four.names == NAMES[2:]


def test_packages_go_with_the_last_release_that_used_them(four: Site) -> None:
    deps = four.shared / "deps"
    for key in ("a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 64 + ".partial"):
        (deps / key / "node_modules").mkdir(parents=True)
    link = f"../../shared/deps/{'b' * 64}/node_modules"
    (four.release(NAMES[3]) / "node_modules").symlink_to(link)
    (four.release(NAMES[0]) / "node_modules").symlink_to(link.replace("b", "c"))
    with running(["node", "-e", NODE], deps / ("d" * 64)):
        four.prune(2)
    assert four.keys == ["b" * 64, "d" * 64]


def test_a_removal_that_is_cut_off_leaves_no_half_release(four: Site) -> None:
    prune = step("prune_releases", str(four.root), 2)
    (four.shared / "deps" / ("a" * 64) / "node_modules").mkdir(parents=True)
    for number in (1, 2, 2):  # before the first release goes, the second, the packages
        four.kill_at(number, "mv")
        assert finish(four.shell.start(prune)).code == -signal.SIGKILL
        assert {r.name for r in four.state.releases if r.is_complete} >= set(NAMES[2:])
    four.kill_no_more()
    four.prune(2)
    assert (four.names, four.keys) == (NAMES[2:], [])
    assert len(four.mirror.git("worktree", "list").splitlines()) == 3


def test_what_stands_there_and_was_not_made_by_us_stays(four: Site) -> None:
    (four.root / "releases/20200101000000/app").mkdir(parents=True)
    four.prune(2)
    assert four.names == ["20200101000000", *NAMES[2:]]
    assert [release.name for release in four.state.releases] == NAMES[2:]


def test_the_state_is_told_in_lines(four: Site) -> None:
    state = four.root / ".deploy"
    (state / "confirmed").write_text(f"run=r1\nrelease={NAMES[2]}\n")
    (state / "pending").write_text(f"run=r2\nrelease={NAMES[3]}\nincarnation=abc:def\n")
    (state / "fence").write_text("run=r2\n")
    (state / "frozen").touch()
    (four.shared / "sockets/live").symlink_to(NAMES[3])
    four.shell.run(*four.begin("20261129T141502Z-3f2a9c1", four.origin.head))
    told = four.state
    assert [r.name for r in told.releases] == [*NAMES, "20261129T141502Z-3f2a9c1"]
    assert {r.revision for r in told.releases} == {four.origin.head}
    assert [r.is_complete for r in told.releases] == [True] * 4 + [False]
    assert [r.was_proved for r in told.releases] == [True] * 4 + [False]
    assert told.confirmed == Confirmed(NAMES[2], "r1")
    assert told.pending == Pending("r2", NAMES[3], "abc:def")
    assert (told.returned, told.fence, told.frozen) == (None, "r2", True)
    assert (told.current, told.previous, told.live) == (NAMES[3], NAMES[2], NAMES[3])


def test_the_state_of_nothing(site: Site) -> None:
    prune = step("prune_releases", str(site.root), 5)
    assert site.shell.run(prune).outcomes == {"prune_releases": "unchanged"}
    told = site.state
    assert (told.releases, told.confirmed, told.current, told.frozen) == ((), None, "", False)
