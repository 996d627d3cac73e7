"""Real sshd hosts for the benchmarks, and the files by which each tool finds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.transport import sshd


@dataclass(frozen=True, slots=True)
class Fleet:
    """Running hosts, named h1, h2 …"""

    directory: Path
    hosts: tuple[sshd.Sshd, ...]
    prefix: str = "h"

    @property
    def config(self) -> Path:
        """An OpenSSH configuration that knows all hosts by name."""
        return self.directory / "ssh_config"

    @property
    def log(self) -> Path:
        """What the last contestant printed."""
        return self.directory / "contestant.log"

    def names(self, count: int) -> list[str]:
        """The first `count` hosts."""
        return [f"{self.prefix}{number}" for number in range(1, count + 1)]

    def stage(self) -> Path:
        """A script of 20 kB that does next to nothing, and prints 2 kB."""
        path = self.directory / "stage.sh"
        filler = "".join(f"verb_{n}() {{ echo {n:03}; echo {'x' * 48}; }}\n" for n in range(255))
        body = "verb_1 >/dev/null\nseq 1 400\necho stage-done $HOME\n"
        path.write_text(filler + body)
        return path

    def marks(self, count: int) -> list[str]:
        """What the stage prints on each of the first `count` hosts."""
        return [f"stage-done {host.directory}/home" for host in self.hosts[:count]]


@contextmanager
def fleet(directory: Path, count: int, *, prefix: str = "h", subnet: int = 78) -> Iterator[Fleet]:
    """`count` hosts on 127.0.SUBNET.x, up for the length of the block."""
    directory.mkdir(exist_ok=True)
    public = sshd.make_key(directory / "id_ed25519")
    with ExitStack() as stack:
        hosts = []
        for number in range(1, count + 1):
            host = sshd.start(directory / f"h{number}", f"127.0.{subnet}.{number}", public)
            stack.callback(host.stop)
            hosts.append(host)
        made = Fleet(directory, tuple(hosts), prefix)
        _write_files(made, directory / "id_ed25519")
        yield made


def _write_files(made: Fleet, key: Path) -> None:
    known = made.directory / "known_hosts"
    known.write_text("".join(host.known_hosts_line for host in made.hosts))
    blocks = [
        f"Host {name}\n  HostName {host.address}\n  Port {host.port}\n"
        for name, host in zip(made.names(len(made.hosts)), made.hosts, strict=True)
    ]
    common = (
        f"Host *\n  User {sshd.deploy_user()}\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {known}\n  GlobalKnownHostsFile none\n"
        "  StrictHostKeyChecking yes\n  BatchMode yes\n  LogLevel ERROR\n"
    )
    made.config.write_text("".join(blocks) + common)
