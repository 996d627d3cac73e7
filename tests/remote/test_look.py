"""What `status` reads of a host beside what a deploy asks, in dash and busybox."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.facts.look import Look, LookState, parse_look
from deploy.inventory.layout import ReleasesLayout
from deploy.shell import call
from tests.remote.fleet import DRAIN, Host
from tests.remote.harness import Shell, fact, step

CRASH = "[worker #1 (77)]: uncaught exception => at 2020-01-01T00:00:00 it failed"
LOG = f"""\
{{"level":"alert","message":"{CRASH}","timestamp":"2026-11-29T11:20:00.123Z"}}
{{"level":"alert","message":"[worker #1 (77)]:    Error","timestamp":"2026-11-29T11:20:00.124Z"}}
{{"level":"info","message":"[worker #1 (77)]: exited","timestamp":"2026-11-29T11:20:01.000Z"}}
2026-11-29 11:20:02 - alert: worker #1 [78]: unhandled rejection => {{}}
"""


def look(shell: Shell, app: Path, sockets: Path) -> LookState:
    """The answer for that app."""
    described = (str(app), "start cluster", 2, str(sockets), "/api/status", "h", "detached", 5)
    question = fact("look_state", str(app), str(app / "log"))
    return parse_look(shell.run(question, before=[call("describe_cluster", *described)]).answer)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A directory without a tree."""
    (tmp_path / "app/log").mkdir(parents=True)
    (tmp_path / "app/.deploy").mkdir()
    return tmp_path / "app"


def test_crashes_and_exits_are_told_by_the_times_of_their_lines(shell: Shell, app: Path) -> None:
    (app / "log/cluster.log").write_text(LOG)
    found = look(shell, app, app / "sockets")
    assert [at - 1795951200 for at in found.crashes] == [0, 2]
    assert [at - 1795951200 for at in found.exits] == [1]


def test_a_host_without_anything_tells_what_it_is(shell: Shell, tmp_path: Path) -> None:
    found = look(shell, tmp_path / "not/there", tmp_path / "sockets")
    assert found.disk_total > 0
    assert found.time > 1_700_000_000
    assert len(found.load) == 3
    assert (found.model, found.committed, found.packages) == ("start cluster", None, "")
    assert (found.crashes, found.exits) == ((), ())
    assert [end.listens for end in found.endpoints] == [False]


def test_a_socket_that_a_stranger_holds_does_not_listen(shell: Shell, app: Path) -> None:
    (app / "sockets").mkdir()
    (app / ".deploy/node_key").write_text("abc\n")
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(app / "sockets/0.sock"))
        stranger.listen()
        found = look(shell, app, app / "sockets")
    assert [(end.name, end.listens) for end in found.endpoints] == [
        (str(app / "sockets/0.sock"), False)
    ]
    assert found.packages == "abc"


def test_a_release_tells_its_own_sockets_and_packages(shell: Shell, tmp_path: Path) -> None:
    host = Host(shell, tmp_path / "h")
    sockets = host.root / "sockets"
    (host.make("r1") / ".deploy/key").write_text("own abc\n")
    try:
        assert host.go_live("run1", "r1").code == 0
        assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
        layout = ReleasesLayout(str(host.root), str(sockets))
        found = parse_look(host.run("", Look.line(layout)).answer)
    finally:
        host.end()
    assert [(end.name, end.listens) for end in found.endpoints] == [
        (f"{sockets}/r1/0.sock", True),
        (f"{sockets}/r1/1.sock", True),
    ]
    assert (found.model, found.packages) == ("processes", "abc")
