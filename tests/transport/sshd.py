"""Real sshd instances on addresses of the loopback, each with a host key and files of its own.

Started as root they drop to an unprivileged user: one sshd can then log in that user only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.accounts import deploy_account
from tests.ports import free_port

_CONFIG = """
ListenAddress {address}:{port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
PidFile none
StrictModes no
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
MaxSessions 40
MaxStartups 200
SetEnv HOME={directory}/home
"""


@dataclass(slots=True)
class Sshd:
    """One running sshd; `log` fills while it runs."""

    address: str
    port: int
    directory: Path
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)
    _logged: threading.Condition = field(default_factory=threading.Condition)

    @property
    def public_host_key(self) -> str:
        """`type base64`."""
        return " ".join((self.directory / "host_key.pub").read_text().split()[:2])

    @property
    def known_hosts_line(self) -> str:
        return f"[{self.address}]:{self.port} {self.public_host_key}\n"

    def authorize(self, public_key: Path) -> None:
        """Let the owner of `public_key` in, besides those who are."""
        with (self.directory / "authorized_keys").open("a") as file:
            file.write(public_key.read_text())

    def follow_log(self) -> None:
        """Take every line until sshd ends."""
        for line in self.process.stderr or ():
            with self._logged:
                self.log.append(line)
                self._logged.notify_all()

    @contextmanager
    def expects(self, text: str, times: int = 1) -> Iterator[None]:
        """Assert that `text` is logged in `times` lines, from here to the end of the block."""
        start = len(self.log)

        def logged() -> bool:
            return sum(text in line for line in self.log[start:]) >= times

        yield
        with self._logged:
            assert self._logged.wait_for(logged, timeout=10), self.log[start:]

    def kill_connections(self) -> None:
        """End every process that serves a connection, as a crash would; the listener stays."""
        for pid in children(self.process.pid):
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the listener and every connection; what commands detached is left."""
        self.kill_connections()
        self.process.kill()
        self.process.wait()


def start(
    directory: Path,
    address: str,
    public_key: Path,
    *,
    first: str = "",
    prepare: Callable[[Path], object] | None = None,
) -> Sshd:
    """Start an sshd in `directory` (made here), and return when it listens.

    `first` is configuration that wins over ours; `prepare` puts further files there.
    """
    port = free_port(address)
    (directory / "home").mkdir(parents=True)
    make_key(directory / "host_key")
    config = _CONFIG.format(address=address, port=port, directory=directory)
    (directory / "sshd_config").write_text(first + config)
    (directory / "authorized_keys").write_text(public_key.read_text())
    if prepare:
        prepare(directory)
    account = deploy_user()
    give(directory, account)
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin") or "sshd"
    process = subprocess.Popen(
        [program, "-D", "-e", "-f", str(directory / "sshd_config")],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **_as(account),
    )
    sshd = Sshd(address, port, directory, process)
    _wait_until_it_listens(sshd)
    return sshd


def _wait_until_it_listens(sshd: Sshd) -> None:
    with sshd.expects("Server listening"):
        threading.Thread(target=sshd.follow_log, daemon=True).start()


def deploy_user() -> str:
    """The user that the sshd instances run as and log in: unprivileged, also for root."""
    return deploy_account().name


def _as(account: str) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give(directory: Path, account: str) -> None:
    """Make `account` the owner of all below, and let it walk the way there."""
    if os.geteuid() != 0:
        return
    for path in (directory, *directory.rglob("*")):
        shutil.chown(path, account, account)
    for parent in directory.parents[:-1]:
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o001)


def make_key(path: Path, *, passphrase: str = "", kind: str = "ed25519") -> Path:
    """A new private key at `path`; returns the path of its public half."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_name(path.name + ".pub")


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live, theirs included, deepest last."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *children(int(child))]
    return found
