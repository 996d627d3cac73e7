"""A host behind a real sshd, real redis, real node-resque, and a person at the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from tests.deploys import zygote
from tests.queues.resque_programs import Resque
from tests.remote.redis_server import ADDRESS, Redis, Start, starting
from tests.transport import sshd

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """What a task left behind."""

    code: int
    text: str
    warnings: str

    @property
    def redis(self) -> dict[str, Any]:
        """The only redis of the only look."""
        (one,) = json.loads(self.text)["redis"]
        return one

    def queue(self, name: str) -> dict[str, Any]:
        (found,) = [one for one in self.redis["queues"] if one["name"] == name]
        return found


@dataclass
class Person:
    """Where somebody stands who looks."""

    root: Path
    server: sshd.Sshd
    inventory: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def run(self, task: str, *flags: str) -> Said:
        """Run a task to its end, with standard input that is no terminal."""
        (self.root / "inventory/test.yml").write_text(yaml.safe_dump(self.inventory))
        environment = {
            **os.environ,
            "DEPLOY_INVENTORY": str(self.root / "inventory"),
            "DEPLOY_RUNS": str(self.root / "runs"),
            **self.secrets,
        }
        words = ["-r", str(PROJECT), task, "--env", "test", *flags]
        done = zygote.run(words, environment, self.root)
        return Said(done.returncode, done.stdout, done.stderr)

    def look(self, *flags: str) -> Said:
        return self.run("queues", "--output", "json", "--sample", "2", *flags)

    def use(self, redis: Redis, **more: Any) -> None:
        """The app is told of this redis."""
        self.inventory["env"] = {"REDIS_HOST": ADDRESS, "REDIS_PORT": str(redis.port), **more}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, sshd.Sshd]]:
    """One host; not below pytest's directory, which is closed to other users."""
    with TemporaryDirectory(prefix="que-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        public = sshd.make_key(directory / "key")
        made = sshd.start(directory / "sshd", "127.0.79.1", public)
        yield directory, made
        made.stop()


@pytest.fixture
def person(server: tuple[Path, sshd.Sshd], tmp_path: Path) -> Person:
    directory, running = server
    for name in ("inventory", "runs"):
        (tmp_path / name).mkdir()
    (tmp_path / "known_hosts").write_text(running.known_hosts_line)
    (tmp_path / "ssh_config").write_text(
        f"Host *\n  IdentityFile {directory}/key\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {tmp_path}/known_hosts\n  GlobalKnownHostsFile none\n"
    )
    return Person(
        tmp_path,
        running,
        {
            "app": {"name": "chat", "repository": "git@git:chat.git", "path": "/srv/chat"},
            "user": sshd.deploy_user(),
            "ssh": {"config": str(tmp_path / "ssh_config")},
            "roles": {"worker": {"serves": False}},
            "hosts": {
                "jobs1": {"address": running.address, "port": running.port, "roles": ["worker"]}
            },
        },
    )


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Start]:
    """Starts redis servers of the test's own."""
    with starting(tmp_path) as start:
        yield start


@pytest.fixture
def redis(start_redis: Start, person: Person) -> Redis:
    """The app's redis."""
    made = start_redis()
    person.use(made)
    return made


@pytest.fixture(params=(2, 9))
def resque(request: pytest.FixtureRequest, redis: Redis) -> Iterator[Resque]:
    """node-resque of ActionHero 14, and of 29."""
    made = Resque(request.param, redis.port)
    yield made
    made.stop()
