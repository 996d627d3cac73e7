"""`--limit`, `--without`, freezes, and the paths of a host."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, frozen, layout_for, load_environment, select

TEXT = """\
app: {name: chat, repository: r, path: /srv/chat}
strategy: in_place
freeze:
  - {start: "2026-12-24T00:00:00+01:00", end: 2026-12-27T00:00:00Z, reason: holidays}
roles: {server: {}, worker: {serves: false}, redis: {runs_app: false}}
hosts:
  web1: {roles: [server]}
  jobs1: {roles: [worker]}
  web2: {roles: [server], path: /srv/second}
  web3: {roles: [server], sockets_dir: /run/chat}
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    (tmp_path / "e.yml").write_text(TEXT, "utf-8")
    return load_environment("e", tmp_path)


@pytest.mark.parametrize(
    ("limit", "without", "expected"),
    [
        ("", "", "web1 jobs1 web2 web3"),
        ("web2,web1", "", "web1 web2"),
        ("server", "", "web1 web2 web3"),
        ("worker, web3", "", "jobs1 web3"),
        ("server,web1", "", "web1 web2 web3"),
        ("", "worker", "web1 web2 web3"),
        ("server", "web2,web3", "web1"),
    ],
)
def test_hosts_and_roles_are_chosen_in_the_files_order(
    environment: Environment, limit: str, without: str, expected: str
) -> None:
    chosen = select(environment, limit, without)
    assert " ".join(host.name for host in chosen) == expected


@pytest.mark.parametrize(
    ("limit", "without", "message"),
    [
        ("web", "", "--limit 'web': no such host or role in e; did you mean 'web1'?"),
        ("web1,servre", "", "--limit 'servre': no such host or role in e; did you mean 'server'?"),
        ("web1,", "", "--limit '': no such host or role in e; "),
        ("", "job1", "--without 'job1': no such host or role in e; did you mean 'jobs1'?"),
        ("redis", "", "no host of e is left to work on"),
        ("web1", "server", "no host of e is left to work on"),
    ],
)
def test_a_name_that_is_not_there(
    environment: Environment, limit: str, without: str, message: str
) -> None:
    with pytest.raises(DeployError) as caught:
        select(environment, limit, without)
    assert caught.value.message.startswith(message)
    assert caught.value.hint == "hosts: web1, jobs1, web2, web3; roles: server, worker, redis"
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("now", "is_frozen"),
    [
        ("2026-12-23T22:59:59+00:00", False),
        ("2026-12-23T23:00:00+00:00", True),
        ("2026-12-27T00:59:59+01:00", True),
        ("2026-12-27T00:00:00+00:00", False),
    ],
)
def test_a_freeze_holds_from_its_first_moment_to_before_its_last(
    environment: Environment, now: str, is_frozen: bool
) -> None:
    window = frozen(environment, datetime.fromisoformat(now))
    assert (window is not None) == is_frozen
    assert window is None or window.reason == "holidays"


@pytest.mark.parametrize(
    ("host", "app", "socket"),
    [
        ("web1", "/srv/chat", "/srv/chat/.deploy/sockets/0.sock"),
        ("web2", "/srv/second", "/srv/second/.deploy/sockets/0.sock"),
        ("web3", "/srv/chat", "/run/chat/0.sock"),
    ],
)
def test_a_hosts_paths(environment: Environment, host: str, app: str, socket: str) -> None:
    layout = layout_for(environment, environment.hosts[host])
    assert (layout.app, layout.socket()) == (app, socket)
    assert layout.socket(3) == socket.replace("0.sock", "3.sock")


def test_no_path_is_given_twice(environment: Environment) -> None:
    """Two rooms that write to one path would overwrite each other."""
    layout = layout_for(environment, environment.hosts["web1"])
    names = [name for name, kind in vars(type(layout)).items() if isinstance(kind, property)]
    paths = [getattr(layout, name) for name in names] + [layout.app, layout.sockets_dir]
    assert len(set(paths)) == len(paths) > 15
    assert all(path.startswith(layout.app) for path in paths)
