"""Wrongs that a lab's own hosts cannot have: a redis that anybody may ask, and a host of root's.

What a machine does not let a test do is not asked for: each says which rules it makes wrong.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.audit.production import Production, ask
from tests.deploys.harness import Change
from tests.lab.accounts import program
from tests.lab.processes import everything, wait_until
from tests.lab.site import SSH_PORT
from tests.ports import free_port
from tests.remote.redis_server import ADDRESS, Redis

SHIPPERS = ("rsyslogd", "syslog-ng", "fluent-bit", "fluentd", "filebeat", "vector", "promtail")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A change of the inventory, and the rules that find what it brings."""

    change: Change = lambda _: None
    rules: set[str] = field(default_factory=set)


def unattended(made: Production) -> set[str]:
    """What this machine lacks of itself: a program that sends logs away, a user that lingers."""
    ships = any(Path(one.command[0]).name in SHIPPERS for one in everything().values())
    lingers = Path("/var/lib/systemd/linger", made.lab.account.name).exists()
    lacks = {"no_central_log": not ships, "ends_at_logout": not lingers}
    return {rule for rule, is_so in lacks.items() if is_so}


@contextmanager
def open_redis(made: Production) -> Iterator[Wrong]:
    """A redis that needs no password, cannot write, and has a replica that gets nothing."""
    name, address = _own_name()
    options = {"repl-diskless-sync": "yes", "repl-diskless-sync-delay": "600"}
    options["bind"] = " ".join({ADDRESS, address})
    redis = Redis(made.directory / "open", options).start()
    try:
        shutil.rmtree(redis.directory)
        redis.ask("BGSAVE")
        ask(made.lab, "replica", "REPLICAOF", ADDRESS, str(redis.port))
        wait_until(lambda: "bgsave_status:err" in redis.ask("INFO", "persistence"), "the fault")
        wait_until(lambda: "state=wait_bgsave" in redis.ask("INFO", "replication"), "a replica")
        place = {"REDIS_HOST": name, "REDIS_PORT": str(redis.port)}
        rules = {"redis_disk", "redis_lag", *(["redis_password"] if name != address else [])}
        yield Wrong(lambda data: data["env"].update(place), rules)
    finally:
        ask(made.lab, "replica", "REPLICAOF", "NO", "ONE")
        redis.stop()


def _own_name() -> tuple[str, str]:
    """The machine's name, where that leads to its loopback, and the address; else twice that."""
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        address = ""
    return (name, address) if address.startswith("127.") else (ADDRESS, ADDRESS)


@contextmanager
def rooted(made: Production) -> Iterator[Wrong]:
    """A host that is deployed to as root, and whose disk is small; none, where we are not root."""
    if os.geteuid():
        yield Wrong()
        return
    small = made.directory / "small"
    small.mkdir()
    with ExitStack() as stack:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "small", str(small)]
        is_small = subprocess.run(mount, check=False).returncode == 0
        if is_small:
            stack.callback(subprocess.run, ["umount", str(small)], check=True)
        port = free_port(made.lab.site.address("web1"))
        stack.callback(_let_root_in(made, port))
        rules = {"runs_as_root", *(["little_room"] if is_small else [])}
        yield Wrong(lambda data: _describe(data, small, _client(made, port)), rules)


def _let_root_in(made: Production, port: int) -> Callable[[], None]:
    """Another sshd at web1's address, which is root's; returns what ends it."""
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as Debian's service does
    own = (made.lab.site.directory("web1") / "sshd_config").read_text()
    config, log = made.directory / "sshd_config", made.directory / "sshd.log"
    own = own.replace(f":{SSH_PORT}\n", f":{port}\n")
    config.write_text(own.replace("sshd.pid\n", "root-sshd.pid\n"))
    sshd = subprocess.Popen([program("sshd"), "-D", "-f", str(config), "-E", str(log)])

    def end() -> None:
        sshd.kill()
        sshd.wait()

    wait_until(lambda: log.exists() and "listening" in log.read_text(), "root's sshd")
    return end


def _client(made: Production, port: int) -> Path:
    """The lab's ssh configuration, which knows that host as well."""
    site, config, known = made.lab.site, made.directory / "ssh_config", made.directory / "known"
    key = (site.directory("web1") / "host_key.pub").read_text()
    known.write_text(f"[{site.address('web1')}]:{port} {key}")
    lines = {
        "HostName": site.address("web1"),
        "Port": port,
        "User": "root",
        "IdentityFile": site.keys / "login",
        "UserKnownHostsFile": known,
    }
    block = "".join(f"  {key} {value}\n" for key, value in lines.items())
    config.write_text(f"Host root1\n{block}\n{site.ssh_config.read_text()}")
    return config


def _describe(data: dict[str, Any], small: Path, config: Path) -> None:
    data["ssh"]["config"] = str(config)
    data["hosts"]["root1"] = {"address": "root1", "roles": ["server"], "path": f"{small}/app"}
