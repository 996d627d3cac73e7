"""What an audit asks of a host, under both shells: real files, real processes, real parsers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.facts.audit import parse_audit
from deploy.facts.node import parse_node
from deploy.shell import call
from tests.remote.harness import Shell, fact

SERVER = """
const server = require('net').createServer()
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    root = tmp_path / "it's an app"
    for name in ("config/servers", "public", "log", "dist", ".deploy"):
        (root / name).mkdir(parents=True)
    (root / "config/api.js").write_text(
        "exports.a = {\n  serverToken: 'change-me',\n  developmentMode: true,\n}\n"
    )
    (root / "config/servers/web.js").write_text("  bootAttempts: 1,\n")
    (root / "config/own.js").write_text("  serverToken: 's3cret-of-ours',\n")
    (root / "package-lock.json").write_text("{}")
    (root / ".deploy/env").write_text("A=b\n")
    (root / ".deploy/env").chmod(0o644)
    (root / "public").chmod(0o777)
    (root / "dist/server.js").write_text(SERVER)
    return root


def test_what_is_there_is_told(shell: Shell, app: Path, tmp_path: Path) -> None:
    nginx = tmp_path / "nginx.conf"
    nginx.write_text("server_tokens off; # no\nupstream a { server unix:/a max_fails=0; }\n")
    node = shutil.which("node") or "node"
    process = subprocess.Popen(
        [node, "dist/server.js"],
        cwd=app,
        env={**os.environ, "NODE_ENV": "development", "SECRET": "s3cret-word"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    try:
        describe = call("describe_cluster", str(app), "processes", 1, 80, "/", "t", "detached", 5)
        files = (f"{app}/log", f"{app}/public", f"{app}/.deploy/env", str(nginx))
        asked = fact("audit_state", str(app), str(app), *files)
        ran = shell.run(asked, before=[describe])
    finally:
        process.kill()
        process.wait()
    assert "s3cret" not in ran.answer
    state = parse_audit(ran.answer)
    assert state.swap == 0
    assert state.has_lockfile
    assert not state.is_link
    assert {(one.kind, oct(one.mode)) for one in state.modes} == {
        ("env", "0o644"),
        ("public", "0o777"),
    }
    assert state.variable("NODE_ENV") == {process.pid: "development"}
    assert state.listens == (f"127.0.0.1:{port}",)
    assert state.missing_launchers == ()
    assert [(one.place, one.text.strip()) for one in state.config] == [
        ("config/api.js:2", "serverToken: 'change-me',"),
        ("config/api.js:3", "developmentMode: true,"),
        ("config/servers/web.js:1", "bootAttempts: 1,"),
    ]
    assert state.nginx.all("server_tokens")[0].words == ["server_tokens", "off"]
    assert state.nginx.all("upstream")[0].find("server")[0].words[-1] == "max_fails=0"


def test_a_unit_that_names_the_app_starts_it_at_boot(shell: Shell, app: Path) -> None:
    describe = call("describe_cluster", str(app), "processes", 1, 80, "/", "t", "detached", 5)
    asked = fact("audit_state", str(app), str(app), "/none", "/none", "/none", "/none")
    assert parse_audit(shell.run(asked, before=[describe]).answer).boot == ()
    units = Path(shell.environment["HOME"], ".config/systemd/user")
    units.mkdir(parents=True)
    (units / "chat.service").write_text(f"[Service]\nWorkingDirectory={app}/current\n")
    state = parse_audit(shell.run(asked, before=[describe]).answer)
    assert state.boot == (f"{units}/chat.service",)


def test_a_launcher_that_was_removed_is_told(shell: Shell, app: Path) -> None:
    process = subprocess.Popen(
        [shutil.which("node") or "node", "dist/server.js"], cwd=app, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    (app / "dist/server.js").unlink()
    try:
        describe = call("describe_cluster", str(app), "processes", 1, 80, "/", "t", "detached", 5)
        asked = fact("audit_state", str(app), str(app), f"{app}/log", "/none", "/none", "/none")
        state = parse_audit(shell.run(asked, before=[describe]).answer)
    finally:
        process.kill()
        process.wait()
    assert state.missing_launchers == ((process.pid, f"{app}/dist/server.js"),)


def test_the_node_processes_of_a_machine_are_listed(shell: Shell) -> None:
    process = subprocess.Popen([shutil.which("node") or "node", "-e", "setInterval(() => 0, 1e6)"])
    try:
        state = parse_node(shell.run(fact("list_node")).answer)
        assert state.name == os.uname().nodename
        assert state.pids is not None
        assert process.pid in state.pids
        assert os.getpid() not in state.pids
    finally:
        process.kill()
        process.wait()
    after = parse_node(shell.run(fact("list_node")).answer)
    assert after.pids is not None
    assert process.pid not in after.pids
