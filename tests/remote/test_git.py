"""ensure_tree and fetch_commit, with real git: what they do, and each way in which they refuse."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.remote.harness import Ran, Shell, step
from tests.remote.repositories import App
from tests.transport import sshd


def test_an_empty_directory_becomes_a_repository_without_a_checkout(app: App) -> None:
    app.path.mkdir(parents=True)
    ran = app.shell.run(*app.fetch(app.origin.head))
    assert ran.outcomes == {"ensure_tree": "changed", "fetch_commit": "changed"}
    assert app.files() == {}
    assert app.tree.git("status", "--porcelain", "--untracked-files=all").startswith("?? ") is False
    assert app.tree.git("cat-file", "-t", app.origin.head) == "commit"


def test_a_second_run_does_nothing_and_needs_no_network(app: App) -> None:
    app.shell.run(*app.fetch(app.origin.head))
    revision = app.origin.head
    app.origin.path.rename(app.origin.path.with_name("away"))
    ran = app.shell.run(*app.fetch(revision))
    assert ran.outcomes == {"ensure_tree": "unchanged", "fetch_commit": "unchanged"}


def test_a_directory_with_other_files_is_refused(app: App) -> None:
    app.path.mkdir(parents=True)
    (app.path / "precious").write_text("x")
    ran = app.shell.run(*app.fetch(app.origin.head))
    assert "is not empty: it holds ./precious" in ran.refusal
    assert sorted(p.name for p in app.path.iterdir()) == ["precious"]


def test_another_origin_is_refused_with_both_urls_masked(app: App) -> None:
    app.shell.run(*app.fetch(app.origin.head))
    app.tree.git("config", "remote.origin.url", "https://me:secret@example.org/x.git")
    ran = app.shell.run(*app.fetch(app.origin.head))
    assert "https://***@example.org/x.git, not " in ran.refusal
    assert str(app.origin.path) in ran.refusal
    assert "secret" not in ran.refusal + ran.log


def test_an_exclude_file_without_a_final_newline_keeps_its_last_line(app: App) -> None:
    app.shell.run(*app.fetch(app.origin.head))
    exclude = app.path / ".git/info/exclude"
    exclude.write_text("*.swp")
    app.shell.run(*app.fetch(app.origin.head))
    assert exclude.read_text() == "*.swp\n/.deploy/\n"


def test_a_commit_that_no_branch_names_is_fetched_from_all_heads(app: App) -> None:
    app.origin.git("config", "uploadpack.allowAnySHA1InWant", "false")
    app.origin.git("checkout", "-q", "-b", "side $(reboot)".replace(" ", "-"))
    revision = app.origin.commit({"x": "side"})
    app.origin.git("checkout", "-q", "main")
    ran = app.shell.run(*app.fetch(revision, branch="no-such-branch"))
    assert ran.code == 0
    assert app.tree.git("cat-file", "-t", revision) == "commit"


def test_a_branch_named_like_a_command_is_a_name(app: App) -> None:
    app.origin.git("checkout", "-q", "-b", "$(touch${IFS}/tmp/never)")
    revision = app.origin.commit({"x": "side"})
    ran = app.shell.run(*app.fetch(revision, branch="$(touch${IFS}/tmp/never)"))
    assert ran.code == 0
    assert not Path("/tmp/never").exists()


def test_a_commit_that_was_not_pushed_is_refused(app: App) -> None:
    ran = app.shell.run(*app.fetch("1234567890" * 4))
    assert f"commit {'1234567890' * 4} is not on " in ran.refusal
    assert "push it" in ran.refusal


def test_a_commit_whose_tree_is_missing_is_fetched_again(app: App) -> None:
    """A fetch that was killed leaves single objects; the commit alone proves nothing."""
    app.shell.run(*app.fetch(app.origin.head))
    revision = app.origin.commit({"new": "file"})
    body = subprocess.run(
        ["git", "cat-file", "commit", revision],
        cwd=app.origin.path,
        capture_output=True,
        check=True,
    ).stdout
    subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=app.path, input=body, capture_output=True, check=True,
    )  # fmt: skip
    ran = app.shell.run(*app.fetch(revision))
    assert ran.outcomes["fetch_commit"] == "changed"
    assert app.tree.git("show", f"{revision}:new") == "file"


def test_a_repository_that_is_not_there_is_refused(app: App) -> None:
    ran = fetch_from(app, str(app.path.parent / "none"))
    assert "there is no repository at" in ran.refusal


@contextmanager
def server_that_asks() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/chat.git"
        server.shutdown()


def fetch_from(app: App, url: str, seconds: int = 30, **environment: str) -> Ran:
    shell = Shell(app.shell.bin, app.shell.environment | environment)
    path, revision = str(app.path), app.origin.head
    fetch = step("fetch_commit", path, url, revision, "main", seconds)
    return shell.run(step("ensure_tree", path, url), fetch)


def test_a_repository_that_asks_for_a_password_is_refused(app: App) -> None:
    with server_that_asks() as url:
        ran = fetch_from(app, url)
    assert "asks for a password" in ran.refusal


def test_a_wrong_password_in_the_url_is_refused_and_never_shown(app: App) -> None:
    with server_that_asks() as url:
        ran = fetch_from(app, url.replace("//", "//me:hush@"))
    assert "asks for a password" in ran.refusal
    assert "hush" not in ran.log + str(ran.reports)


def test_a_repository_that_does_not_answer_is_given_up(app: App) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ran = fetch_from(app, f"git://127.0.0.1:{silent.getsockname()[1]}/chat.git", seconds=1)
    assert "took longer than 1 s" in ran.refusal


def test_a_closed_port_is_named(app: App) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    ran = fetch_from(app, f"http://127.0.0.1:{port}/chat.git")
    assert "cannot be reached: fatal: unable to access" in ran.refusal


@pytest.mark.parametrize(
    ("known", "words"),
    [(False, "the ssh host key of"), (True, "refuses this host's key")],
)
def test_ssh_says_which_of_the_two_keys_is_wrong(
    app: App, tmp_path: Path, known: bool, words: str
) -> None:
    other = sshd.make_key(tmp_path / "other")
    server = sshd.start(tmp_path / "sshd", "127.0.0.1", other)
    hosts = tmp_path / "known_hosts"
    hosts.write_text(server.known_hosts_line if known else "")
    try:
        ran = fetch_from(
            app,
            f"ssh://{sshd.deploy_user()}@127.0.0.1:{server.port}/chat.git",
            GIT_SSH_COMMAND=f"ssh -F none -oIdentityAgent=none -oUserKnownHostsFile={hosts}",
        )
    finally:
        server.stop()
    assert words in ran.refusal
