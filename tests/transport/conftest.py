"""One real sshd and one real jump host for the whole session; keys and known_hosts for each test.

What a test breaks (known_hosts, keys, a connection) is its own copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Host, Settings, Ssh
from deploy.transport import Channel, Transport
from deploy.transport.local import LocalTransport
from deploy.transport.ssh import SshTransport
from tests.transport import sshd


@dataclass(slots=True)
class World:
    """The two servers, and what a client needs to log in to them."""

    web: sshd.Sshd
    jump: sshd.Sshd
    key: Path


@dataclass(slots=True)
class Client:
    """A client's files in a directory of the test's own, and transports made from them."""

    world: World
    directory: Path
    transports: list[Transport]

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def config(self) -> Path:
        return self.directory / "config"

    def configure(self, text: str = "") -> None:
        """Replace the ssh configuration; `text` goes first, so that it wins."""
        self.config.write_text(
            f"{text}\nHost *\n"
            f"  IdentityFile {self.world.key}\n"
            "  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n"
            "  GlobalKnownHostsFile none\n"
        )

    def transport(self, address: str = "", **settings: object) -> SshTransport:
        """A transport to `address` (the web host), not connected."""
        chosen: dict[str, object] = {"user": sshd.deploy_user()}
        if not address:
            address = self.world.web.address
            chosen["port"] = self.world.web.port
        ssh = Ssh(config=str(self.config), connect_timeout=5)
        host = Host(
            name="web1",
            address=address,
            roles=("server",),
            runs_app=True,
            serves=True,
            settings=Settings.model_validate(chosen | settings),
        )
        made = SshTransport(host, ssh)
        self.transports.append(made)
        return made


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Not below pytest's directory: another test run that begins closes that to other users."""
    with TemporaryDirectory(prefix="sshd-") as name, ExitStack() as stack:
        directory = Path(name)
        public = sshd.make_key(directory / "id_ed25519")
        web = sshd.start(directory / "web", "127.0.77.1", public)
        stack.callback(web.stop)
        jump = sshd.start(directory / "jump", "127.0.77.2", public)
        stack.callback(jump.stop)
        yield World(web, jump, directory / "id_ed25519")


@pytest.fixture
def client(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    made = Client(world, tmp_path, [])
    made.known_hosts.write_text(world.web.known_hosts_line + world.jump.known_hosts_line)
    made.configure()
    yield made
    for transport in made.transports:
        transport.close()


@pytest.fixture(params=["ssh", "local"])
def transport(request: pytest.FixtureRequest) -> Iterator[Transport]:
    """A connected transport of each kind: the contract is the same."""
    if request.param == "ssh":
        made: Transport = request.getfixturevalue("client").transport()
    else:
        made = LocalTransport("here")
    made.connect()
    yield made
    made.close()


@dataclass(slots=True)
class Result:
    output: bytes
    errors: bytes
    status: int | None


@pytest.fixture
def run() -> Callable[..., Result]:
    return finish


def finish(channel: Channel) -> Result:
    """Read a channel to its end."""
    output, errors = bytearray(), bytearray()
    while channel.exit_status is None:
        if chunk := channel.receive(20):
            (errors if chunk.is_error else output).extend(chunk.data)
    return Result(bytes(output), bytes(errors), channel.exit_status)


def refusal(transport: SshTransport) -> DeployError:
    with pytest.raises(DeployError) as caught:
        transport.connect()
    assert caught.value.host == "web1"
    assert caught.value.hint
    return caught.value


def works(transport: SshTransport, command: str = "echo here") -> bytes:
    transport.connect()
    result = finish(transport.open(command))
    assert result.status == 0, result
    return result.output


# Host keys
