"""Which processes are cluster masters, as the controller reads the host's answer."""

from __future__ import annotations

import pytest

from deploy.facts.cluster import ClusterState, Process

MASTER = "node ./node_modules/.bin/actionhero start cluster --workers=2"
NODE = "/usr/bin/node"


def process(
    pid: int, parent: int, command: str = MASTER, program: str = NODE, owner: str = "me"
) -> Process:
    return Process(pid, parent, 100, 1, owner, "/srv/app", program, command)


def masters(*processes: Process) -> list[int]:
    return [p.pid for p in ClusterState("boot", 200, "/srv/app", processes).masters]


def test_a_forked_copy_of_the_master_is_a_worker_to_be() -> None:
    assert masters(process(10, 1), process(11, 10)) == [10]


def test_a_wrapper_is_no_master() -> None:
    wrapper = process(10, 1, f"sh -c {MASTER}", "/usr/bin/dash")
    assert masters(wrapper, process(11, 10)) == [11]


def test_two_that_were_started_apart_are_two() -> None:
    assert masters(process(10, 1), process(11, 1)) == [10, 11]


@pytest.mark.parametrize(
    "program", [NODE, f"{NODE} (deleted)", "/usr/bin/nodejs", "/usr/bin/node-20", "/opt/node22"]
)
def test_node_is_known_by_its_executable(program: str) -> None:
    assert process(10, 1, "node dist/server.js", program).is_actionhero


@pytest.mark.parametrize(
    "program", ["/usr/bin/vim.basic", "/usr/bin/tail", "/opt/node_exporter", "?"]
)
def test_an_editor_of_the_server_file_is_no_process_of_the_app(program: str) -> None:
    one = process(10, 1, "vim dist/server.js", program)
    assert not one.is_actionhero
    assert ClusterState("boot", 200, "/srv/app", (one,)).ours == ()


def test_another_users_process_is_told_by_its_words_alone() -> None:
    """Its executable may not be read; that it runs this app is refused all the same."""
    one = process(10, 1, "node dist/server.js", "?", "root")
    assert ClusterState("boot", 200, "/srv/app", (one,)).others == (one,)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/usr/bin/node /srv/app/node_modules/.bin/actionhero start cluster", "node actionhero"),
        ("node --inspect dist/server.js --token=secret", "node server.js"),
        ("mysql -uroot -psecret orders/secret", "mysql"),
        ("", "?"),
    ],
)
def test_a_process_is_named_without_what_may_be_a_password(command: str, name: str) -> None:
    assert Process(1, 1, 1, 1, "me", "/", "/bin/x", command).name == name
