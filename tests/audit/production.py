"""A production of real hosts that is as it should be: a lab with a small app, sentinel and all.

What `wrongs` does to it an audit has to find.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import new_lab
from tests.deploys.harness import Change, Controller
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.lab.processes import wait_until
from tests.lab.site import REDIS_PORT
from tests.remote.redis_server import Redis

SENTINEL_PORT = 26379
CONFIG = {
    "config/api.js": "exports.general = {\n  serverToken: process.env.SERVER_TOKEN,\n"
    "  developmentMode: false\n}\n",
    "config/servers/web.js": "exports.web = {\n  bootAttempts: 3\n}\n",
    "public/static.txt": "static\n",
}


@dataclass(frozen=True, slots=True)
class Production:
    """The hosts, and a person in front of them."""

    lab: Lab
    controller: Controller
    directory: Path

    def audit(self, change: Change = lambda _: None) -> list[dict[str, Any]]:
        """What an audit finds, a row a finding."""
        said = self.controller.run("audit", "--fail-on", "error", change=change)
        assert "error:" not in said.text, said.text
        return [json.loads(line) for line in said.lines if line.startswith("{")]

    def redis(self, *words: str) -> str:
        """What the app's redis answers to one command."""
        return ask(self.lab, "redis", *words)


def ask(lab: Lab, name: str, *words: str) -> str:
    """What a redis of the lab answers to one command."""
    command = ["redis-cli", "-h", lab.site.address(name), "-p", str(REDIS_PORT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def standing(directory: Path) -> Iterator[Production]:
    """Up and deployed; down at the end."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29)
        lab.up()
        lab.commit("a small app", {**FILES, **CONFIG})
        _keep_jobs(lab)
        stack.callback(_watch(lab, directory / "sentinel").stop)
        controller = Controller(lab, directory / "controller", _describe(lab))
        assert (said := controller.run("deploy")).code == 0, said.text
        for host in ("web1", "web2", "jobs1"):
            unit = lab.site.home(host) / ".config/systemd/user/chat.service"
            unit.parent.mkdir(parents=True)
            unit.write_text(f"[Service]\nWorkingDirectory={lab.app_path(host)}\n")
        yield Production(lab, controller, directory)


def _keep_jobs(lab: Lab) -> None:
    for key, value in (("maxmemory", "100mb"), ("appendonly", "yes")):
        assert ask(lab, "redis", "CONFIG", "SET", key, value) == "OK"


def _watch(lab: Lab, directory: Path) -> Redis:
    """A real sentinel over the lab's redis."""
    primary, address = lab.site.address("redis"), lab.site.address("replica")
    sentinel = Redis(
        directory,
        {"bind": address},
        sentinel=f"sentinel monitor mymaster {primary} {REDIS_PORT} 1",
        port=SENTINEL_PORT,
    )
    sentinel.start(wait=False)
    at = ["redis-cli", "-h", address, "-p", str(SENTINEL_PORT), "PING"]
    wait_until(lambda: b"PONG" in subprocess.run(at, capture_output=True).stdout, "the sentinel")
    return sentinel


def _describe(lab: Lab) -> Callable[[dict[str, Any]], None]:
    """The inventory of a production that has all that the rules ask for."""

    def change(data: dict[str, Any]) -> None:
        small(data)
        sentinel = {"host": lab.site.address("replica"), "port": SENTINEL_PORT}
        data["decision"] = {"sentinels": [sentinel]}
        data["programs"] = {"rsyslog": {}}
        data["rsyslog"] = {"syslog": {"host": "logs.example.com"}}
        data["roles"]["balancer"] = {"runs_app": False, "programs": {"haproxy": {}}}
        data["hosts"]["lb1"] = {"roles": ["balancer"]}
        for host in ("web1", "web2"):
            file = {"destination": str(lab.site.nginx(host) / "nginx.conf")}
            data["hosts"][host]["programs"] = {
                "nginx": {"sudo": False, "files": {"nginx.conf": file}}
            }

    return change
