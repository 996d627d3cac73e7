"""What cannot begin: wrong words, wrong names, hosts that do not let us in. Nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Change, Controller
from tests.lab.sshd import SSH_PORT
from tests.ports import free_port

pytestmark = pytest.mark.lab


def setting(*path: str, **values: object) -> Change:
    """Values put into the mapping at that path."""

    def change(data: dict[str, Any]) -> None:
        for key in path:
            data = data[key]
        data.update(values)

    return change


FROZEN = [
    {
        "start": "2020-01-01T00:00:00Z",
        "end": "2099-01-01T00:00:00Z",
        "reason": "the sale",
    }
]


@pytest.mark.parametrize(
    ("flags", "change", "words"),
    [
        (("--env", "prod"), None, ("no environment 'prod'", "lab")),
        ((), setting("hosts", "web1", wrokers=3), ("lab.yml:", "hosts.web1.wrokers", "'workers'")),
        (("--revision", "$(reboot)"), None, ("no branch or tag $(reboot)", "main")),
        ((), setting("app", branch="$(reboot)"), ("no branch or tag $(reboot)", "main")),
        (("--limit", "nobody"), None, ("no such host or role", "web1, web2, jobs1")),
        (("--without", "web1,server,jobs1"), None, ("no host of lab is left",)),
        ((), setting(protected=True), ("protected, and there is no terminal", "--yes")),
        ((), setting(freeze=FROZEN), ("frozen until 2099", "the sale", "--force")),
    ],
)
def test_wrong_words_are_told_before_any_host_is_asked(
    deployed: Controller, flags: tuple[str, ...], change: Change | None, words: tuple[str, ...]
) -> None:
    said = deployed.run("deploy", *flags, change=change)
    assert said.code == 2
    assert said.text.count("error:") + len(said.events("host_failed")) == 1
    assert not said.events("lock_taken")
    for word in words:
        assert word in said.text


def with_client(deployed: Controller, directory: Path, old: str, new: Path) -> Change:
    """The OpenSSH client configuration with one file replaced by another."""
    text = deployed.lab.site.ssh_config.read_text().replace(old, str(new))
    (directory / "ssh_config").write_text(text)
    return setting("ssh", config=str(directory / "ssh_config"))


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        (setting("hosts", "web1", address="none.invalid"), "does not resolve", "`address`"),
        (setting("hosts", "web1", port=free_port()), "refused the connection", "sshd"),
    ],
)
def test_a_host_out_of_reach_stops_the_deploy_before_it_begins(
    deployed: Controller, change: Change, message: str, hint: str
) -> None:
    said = deployed.run("deploy", change=change)
    assert said.code == 1
    assert (said.failure["host"], said.failure["step"]) == ("web1", "connect")
    assert message in said.failure["message"]
    assert hint in said.failure["hint"]
    assert said.end["message"] == "failed; nothing was changed"


def test_a_wrong_key_names_the_key_that_was_refused(deployed: Controller, tmp_path: Path) -> None:
    keys = deployed.lab.site.keys
    other = deployed.lab.site.directory("web1") / "host_key"
    change = with_client(deployed, tmp_path, str(keys / "login"), other)
    said = deployed.run("deploy", "--limit", "web1", change=change)
    assert said.code == 1
    assert (said.failure["host"], said.failure["step"]) == ("web1", "log in")
    assert said.failure["tail"] == [f"{other}: refused"]
    assert f"ssh -v -p {SSH_PORT}" in said.failure["hint"]


def test_an_unknown_host_key_is_refused_with_what_would_accept_it(
    deployed: Controller, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    known.touch()
    old = str(deployed.lab.site.keys / "known_hosts")
    change = with_client(deployed, tmp_path, old, known)
    said = deployed.run("deploy", "--limit", "web1", change=change)
    assert (said.code, said.failure["step"]) == (1, "verify host key")
    assert "SHA256:" in said.failure["message"]
    assert f">> {known}" in said.failure["hint"]
    known.write_text(said.failure["hint"].split("echo '")[1].split("'")[0] + "\n")
    accepted = deployed.run("deploy", "--limit", "web1", "--dry-run", change=change)
    assert accepted.code == 0, accepted.text


def test_each_host_out_of_reach_is_told_once_with_its_own_next_action(
    deployed: Controller,
) -> None:
    def change(data: dict[str, Any]) -> None:
        data["hosts"]["web1"]["port"] = free_port()
        data["hosts"]["jobs1"]["address"] = "none.invalid"

    said = deployed.run("deploy", change=change)
    failures = said.events("host_failed")
    assert sorted(failure["host"] for failure in failures) == ["jobs1", "web1"]
    assert all(failure["hint"] and not failure["tail"] for failure in failures)


@pytest.fixture
def asking_for_a_password() -> Iterator[str]:
    """The URL of a git server that lets nobody in without one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not on the test's standard error."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/team/app.git"
        server.shutdown()


def test_a_repository_that_asks_for_a_password_is_told_and_never_waited_for(
    deployed: Controller, asking_for_a_password: str
) -> None:
    said = deployed.run("deploy", change=setting("app", repository=asking_for_a_password))
    assert said.code == 1
    assert asking_for_a_password in said.text
    assert said.failure["message"].startswith("git cannot read")
    assert "use an ssh URL with a key" in said.text
