"""What a host tells of ActionHero before any inventory: real processes, under both shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from deploy.facts.discovery import parse_discovery
from tests.remote.harness import Shell, fact

SERVER = """
const server = require('net').createServer()
server.listen(process.env.AT, () => console.log('ready'))
"""
KEY = "-----BEGIN KEY-----\ns3cretS3cretS3cret==\n-----END KEY-----"


def test_a_running_app_is_found_and_no_secret_is_read(shell: Shell, tmp_path: Path) -> None:
    app = tmp_path / "it's an app"
    for name in ("dist", "pids", "node_modules/actionhero"):
        (app / name).mkdir(parents=True)
    (app / "dist/server.js").write_text(SERVER)
    (app / "node_modules/actionhero/package.json").write_text('{\n  "version": "29.3.5"\n}\n')
    subprocess.run(["git", "init", "-q", "--initial-branch=trunk", str(app)], check=True)
    subprocess.run(
        ["git", "-C", str(app), "remote", "add", "origin", "git@git:chat.git"], check=True
    )
    own = {
        "AT": "0.sock",
        "NODE_ENV": "production",
        "DEPLOY_KEY": KEY,
        "SERVER_TOKEN": "s3cret-word",
    }
    process = subprocess.Popen(
        [shutil.which("node") or "node", "dist/server.js"],
        cwd=app,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        (app / "pids/actionhero-web1").write_text(str(process.pid))
        ran = shell.run(fact("discover_apps"))
    finally:
        process.kill()
        process.wait()
    assert "s3cret" not in ran.answer
    (found,) = [one for one in parse_discovery(ran.answer).apps if one.directory == str(app)]
    assert (found.origin, found.branch, found.installed) == ("git@git:chat.git", "trunk", "29.3.5")
    assert found.pidfiles == (("actionhero-web1", str(process.pid)),)
    assert [one.pid for one in found.processes] == [process.pid]
    assert found.endpoints == (f"{app}/0.sock",)
    assert found.environment["NODE_ENV"] == "production"
    assert {"DEPLOY_KEY", "SERVER_TOKEN"} <= set(found.variables)
    assert found.node.startswith("v")
