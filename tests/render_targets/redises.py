"""Redis servers and sentinels, started from the files that are made of the rendered ones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.render_targets.conftest import SECRETS, Start, program, run
from tests.render_targets.rendering import put, rendered

PASSWORD = SECRETS["REDIS_PASSWORD"]


@dataclass
class Node:
    """One server or sentinel."""

    name: str
    program: str
    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def live(self) -> Path:
        """What it reads and writes."""
        return self.directory / "live.conf"

    @property
    def knobs(self) -> dict[str, Any]:
        """Its places, in a directory of its own."""
        return {
            "port": self.port,
            "user": "root",
            "directory": str(self.directory),
            "pid": str(self.directory / "redis.pid"),
            "log": "stdout",
            "config": str(self.live),
            "password_env": "REDIS_PASSWORD",
        }

    def host(self, **knobs: Any) -> dict[str, Any]:
        """What the inventory says of its host."""
        files = {key: {"destination": str(self.directory / key)} for key in (self.config, "script")}
        return {
            "address": "127.0.0.1",
            "port": self.port,  # tells apart hosts of one address
            "roles": ["store"],
            "programs": {self.program: {"files": files}},
            self.program: {**self.knobs, **knobs},
        }

    @property
    def config(self) -> str:
        return "redis.conf" if self.program == "redis_server" else "sentinel.conf"

    def write(self, environment: Environment) -> None:
        """Install its files, and let the script make the live one, as a reload does."""
        self.directory.mkdir(exist_ok=True)
        files = rendered(environment, self.name, self.program)
        put(files, self.directory)
        for verb in (["check", str(self.directory / self.config)], ["make"]):
            done = self.script(*verb)
            assert done.returncode == 0, done.stdout

    def script(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run("sh", self.directory / "script", *words)

    def start(self, start: Start) -> None:
        """Start it; returns when it answers."""
        mode = ["--sentinel"] if self.program == "sentinel" else []
        self.process = start(program("redis-server"), self.live, *mode, name=self.name)
        wait_until(lambda: self.ask("PING") == "PONG", self.name)

    def stop(self) -> None:
        """As kill -9 does."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def ask(self, *words: str, password: str = PASSWORD) -> str:
        """What redis-cli prints for one command; errors included."""
        env = {"REDISCLI_AUTH": password} if password else {}
        done = run("redis-cli", "-p", str(self.port), *words, env=env)
        return done.stdout.strip()

    def get(self, key: str, command: str = "CONFIG") -> str:
        """One value of its configuration; `command` is what CONFIG is called there."""
        return self.ask(command, "GET", key).partition("\n")[2]

    def info(self, key: str) -> str:
        """One line of INFO."""
        pairs = [line.partition(":") for line in self.ask("INFO").splitlines()]
        return next((value for name, _, value in pairs if name == key), "")
