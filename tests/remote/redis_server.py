"""Real redis servers and sentinels on free ports of the loopback, and what hosts ask them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.shell import Call, Secret, call
from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.remote.harness import Ran, Shell, fact

ADDRESS = "127.0.0.1"
ELSEWHERE = "0123:4567"
"""An incarnation that no redis has."""
PASSWORD = 'it\'s a "pässword" $(reboot)'  # noqa: S105


@dataclass(slots=True)
class Redis:
    """One redis-server; `options` are those of its command line, without `--`."""

    directory: Path
    options: dict[str, str] = field(default_factory=dict)
    password: str = ""
    sentinel: str = ""
    """A sentinel's own configuration; empty: a server."""
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> Redis:
        """Start it, and return once it answers, or at once."""
        self.directory.mkdir(parents=True, exist_ok=True)
        program = shutil.which("redis-server")
        assert program, "redis-server is needed: apt-get install redis-server"
        options = {"bind": ADDRESS, "port": str(self.port), "dir": str(self.directory)}
        options |= {"logfile": "log", "save": ""} if not self.sentinel else {"logfile": "log"}
        if self.password:
            options["requirepass"] = self.password
        config = self.directory / "redis.conf"
        lines = [f'{key} "{value}"' for key, value in (options | self.options).items()]
        config.write_text("\n".join([*lines, self.sentinel]) + "\n")
        mode = ["--sentinel"] if self.sentinel else []
        self.process = subprocess.Popen([program, str(config), *mode], cwd=self.directory)
        if wait:
            wait_until(lambda: self.ask("PING") == "PONG", "redis")
        return self

    def ask(self, *words: str) -> str:
        """What redis-cli prints for one command; errors included."""
        done = subprocess.run(
            ["redis-cli", "-h", ADDRESS, "-p", str(self.port), *words],
            env=os.environ | ({"REDISCLI_AUTH": self.password} if self.password else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def stop(self) -> None:
        """End it, by its pid; what was not saved is lost."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def described(self, **more: Any) -> list[Call]:
        """What a script begins with, so that its verbs speak of this server."""
        return described({"host": ADDRESS, "port": self.port, **more})

    @property
    def incarnation(self) -> str:
        """As the register's documentation has it: run_id:master_replid."""
        lines = [line.split(":", 1) for line in self.ask("INFO").splitlines() if ":" in line]
        info = {key: value.strip() for key, value in lines}
        return f"{info['run_id']}:{info['master_replid']}"


Start = Callable[..., Redis]
"""Starts a server with these options; it ends with the test."""


def described(place: dict[str, Any]) -> list[Call]:
    return [call("describe_register", Secret("register", json.dumps(place)))]


def ask(shell: Shell, before: list[Call], *words: str) -> str:
    """The one line of ask_register, which never fails."""
    ran = shell.run(fact("ask_register", *words), before=before)
    assert ran.of("fact")[0]["code"] == "0"
    assert "\n" not in ran.answer
    return ran.answer


def opened(shell: Shell, before: list[Call], run: str) -> str:
    """The incarnation on which the run was opened."""
    state, _, incarnation = ask(shell, before, "open", run).partition(" ")
    assert state == "open"
    return incarnation


def results(ran: Ran) -> dict[str, str]:
    return {report["key"]: report["text"] for report in ran.of("value")}


def start_tls(start: Start, directory: Path) -> tuple[Redis, dict[str, object]]:
    """A server that speaks TLS on a second port, and that place."""
    write_certificates(directory)
    port = free_port()
    server = start(
        tls_port=str(port),
        tls_cert_file=str(directory / "server.pem"),
        tls_key_file=str(directory / "server.key"),
        tls_auth_clients="no",
    )
    return server, {"host": ADDRESS, "port": port}


@contextmanager
def starting(directory: Path) -> Iterator[Start]:
    """Starts servers below `directory`; those that run end with the block."""
    servers: list[Redis] = []

    def start(*, wait: bool = True, password: str = "", **options: str) -> Redis:
        named = {key.replace("_", "-"): value for key, value in options.items()}
        servers.append(Redis(directory / f"redis{len(servers)}", named, password))
        return servers[-1].start(wait=wait)

    try:
        yield start
    finally:
        for server in servers:
            server.stop()


def write_certificates(directory: Path) -> None:
    """ca.pem, and server.pem with server.key that it signed for redis.test and the loopback."""
    authority = ec.generate_private_key(ec.SECP256R1())
    server = ec.generate_private_key(ec.SECP256R1())
    root = _certificate("authority", authority, "authority", authority)
    leaf = _certificate("redis.test", server, "authority", authority)
    (directory / "ca.pem").write_bytes(root)
    (directory / "server.pem").write_bytes(leaf)
    (directory / "server.key").write_bytes(
        server.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
) -> bytes:
    now = datetime.now(timezone.utc)
    names = [x509.DNSName(name), x509.IPAddress(ip_address(ADDRESS))]
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=key is signer, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
