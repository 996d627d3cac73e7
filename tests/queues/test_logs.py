"""`invoke logs` and `invoke run` on a host behind a real sshd: merged, followed, grouped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.queues.conftest import PROJECT, Person, Said
from tests.transport import sshd

CLUSTER = "2026-11-25T21:00:03.000Z - notice: cluster equilibrium state reached with 2 workers\n"
WORKER = '{"level":"info","message":"hello \x1b[31mred","timestamp":"2026-11-25T21:00:01.500Z"}\n'
TRACE = "2026-11-25T21:00:02.000Z - error: boom\n    at run (server.js:1:2)\n"
ACCESS = '1.2.3.4 - - [25/Nov/2026:21:30:02 +0030] "GET / HTTP/1.1" 200 3\n'

INVOKE = [sys.executable, "-m", "invoke", "-r", str(PROJECT)]


@pytest.fixture
def logs(person: Person) -> Path:
    """Two hosts, that are one machine with an app each; the directory of the first one's logs."""
    number = len(list(person.server.directory.glob("apps*")))
    root = person.server.directory / f"apps{number}"
    for host in ("web1", "jobs1"):
        (root / host / "log").mkdir(parents=True)
    (root / "web1/log/cluster.log").write_text(CLUSTER)
    (root / "web1/log/actionhero-1.log").write_text(TRACE)
    (root / "jobs1/log/actionhero-1.log").write_text(WORKER)
    (root / "access.log").write_text(ACCESS)
    sshd.give(root, sshd.deploy_user())
    own = {"address": person.server.address, "port": person.server.port}
    nginx = {"access_log": str(root / "access.log"), "error_log": "stderr"}
    person.inventory["strategy"] = "in_place"
    person.inventory["roles"]["web"] = {"nginx": nginx}
    person.inventory["hosts"] = {
        "web1": {**own, "roles": ["web"], "path": str(root / "web1")},
        "jobs1": {**own, "address": "127.0.79.1", "roles": ["worker"], "path": str(root / "jobs1")},
    }
    return root / "web1/log"


def told(said: Said) -> list[tuple[str, str, str]]:
    rows = [json.loads(line) for line in said.text.splitlines()]
    return [(row["host"], row["log"], row["text"].strip()[:24]) for row in rows]


@pytest.mark.usefixtures("logs")
def test_lines_of_all_hosts_come_in_the_order_of_their_times(person: Person) -> None:
    said = person.run("logs", "--output", "json")
    assert said.code == 0, said.text + said.warnings
    assert [(host, log) for host, log, _ in told(said)] == [
        ("jobs1", "worker"),
        ("web1", "worker"),
        ("web1", "worker"),
        ("web1", "nginx"),
        ("web1", "cluster"),
    ]
    texts = [text for _, _, text in told(said)]
    assert texts.index("at run (server.js:1:2)") == texts.index(TRACE[:24]) + 1


@pytest.mark.usefixtures("logs")
def test_a_word_and_a_time_choose_lines(person: Person) -> None:
    said = person.run("logs", "--output", "json", "--grep", "equilib|boom")
    assert [log for _, log, _ in told(said)] == ["worker", "cluster"]
    said = person.run("logs", "--output", "json", "--since", "2026-11-25T21:00:02.500Z")
    assert [log for _, log, _ in told(said)] == ["cluster"]
    assert person.run("logs", "--grep", "(").code == 2
    assert person.run("logs", "--since", "yesterday").code == 2


@pytest.mark.usefixtures("logs")
def test_what_would_steer_a_terminal_is_not_printed(person: Person) -> None:
    said = person.run("logs")
    assert "hello ·[31mred" in said.text
    assert "\x1b" not in said.text


@pytest.fixture
def following(person: Person, logs: Path) -> Iterator[subprocess.Popen[str]]:
    """Somebody follows, and has read what is there."""
    (person.root / "inventory/test.yml").write_text(yaml.safe_dump(person.inventory))
    process = subprocess.Popen(
        [*INVOKE, "logs", "--env", "test", "--follow", "--output", "json"],
        cwd=person.root,
        env={**os.environ, "DEPLOY_INVENTORY": str(person.root / "inventory")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert logs.exists()
    assert [heard(process) != "" for _ in range(5)] == [True] * 5
    yield process
    process.kill()
    process.wait()


def heard(process: subprocess.Popen[str]) -> str:
    """The next line's text."""
    assert process.stdout is not None
    text: str = json.loads(process.stdout.readline())["text"]
    return text


def test_following_tells_each_new_line_once(following: subprocess.Popen[str], logs: Path) -> None:
    with (logs / "cluster.log").open("a") as log:
        log.write("2026-11-25T21:00:09.000Z - one\n2026-11-25T21:00:10.000Z - tw")
        log.flush()
        assert heard(following) == "2026-11-25T21:00:09.000Z - one"
        log.write("o\n")
        log.flush()
        assert heard(following) == "2026-11-25T21:00:10.000Z - two"


def test_a_rotated_log_is_followed_to_its_successor(
    following: subprocess.Popen[str], logs: Path
) -> None:
    (logs / "cluster.log").write_text("after\n")  # as logrotate's copytruncate leaves it
    assert heard(following) == "after"
    (logs / "cluster.log").rename(logs / "cluster.log.1")
    (logs / "cluster.log").write_text("the next file\n")
    assert heard(following) == "the next file"


@pytest.mark.usefixtures("logs")
def test_hosts_that_say_the_same_stand_together(person: Person) -> None:
    said = person.run("run", "--command", "echo 'it is' \"$(echo fine)\"", "--output", "json")
    (group,) = [json.loads(line) for line in said.text.splitlines()]
    assert group == {"hosts": ["jobs1", "web1"], "code": 0, "text": "it is fine"}
    said = person.run("run", "--command", 'basename "$PWD"; [ $(basename "$PWD") = web1 ]')
    assert said.code == 1
    assert "web1:\n    web1" in said.text
    assert "jobs1 (exit code 1):\n    jobs1" in said.text


@pytest.mark.usefixtures("logs")
def test_a_command_that_takes_too_long_is_ended(person: Person) -> None:
    said = person.run("run", "--command", "echo first; sleep 60", "--timeout", "1")
    assert said.code == 1
    assert "(exit code 124):\n    first" in said.text


def test_a_protected_environment_asks_before_it_runs_a_command(person: Person, logs: Path) -> None:
    person.inventory["protected"] = True
    said = person.run("run", "--command", "touch ran")
    assert said.code == 2
    assert "is protected" in said.warnings
    assert not (logs.parent / "ran").exists()
