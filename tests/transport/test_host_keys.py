"""Whether the host is the one that is meant: known_hosts, as ssh reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.transport import sshd
from tests.transport.conftest import Client, refusal, works


def test_an_unknown_host_key_is_refused(client: Client) -> None:
    client.known_hosts.write_text("")
    error = refusal(client.transport())
    key = client.world.web.directory / "host_key.pub"
    listed = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True)
    assert "ssh-ed25519" in str(error)
    assert listed.stdout.split()[1] in str(error)


def test_the_hint_shows_the_key_and_accepts_it(client: Client) -> None:
    client.known_hosts.write_text("")
    error = refusal(client.transport())
    commands = dict(line.split(": ", 1) for line in error.hint.splitlines() if ": " in line)
    look = subprocess.run(
        ["sh", "-c", commands["look"]], capture_output=True, text=True, check=True
    )
    assert look.stdout.split()[1] in str(error)
    subprocess.run(["sh", "-c", commands["accept"]], check=True)
    assert works(client.transport()) == b"here\n"


def test_a_changed_host_key_is_refused_with_its_line(client: Client) -> None:
    web, jump = client.world.web, client.world.jump
    other = f"[{web.address}]:{web.port} {jump.public_host_key}\n"
    client.known_hosts.write_text(f"# a comment\n{other}")
    error = refusal(client.transport())
    assert "CHANGED" in str(error)
    assert f"{client.known_hosts} line 2" in str(error)
    assert f"ssh-keygen -R '[{web.address}]:{web.port}'" in error.hint


def test_a_revoked_host_key_is_refused(client: Client) -> None:
    line = client.world.web.known_hosts_line
    client.known_hosts.write_text(f"{line}@revoked {line}")
    assert "revoked" in str(refusal(client.transport()))


def test_hashed_known_hosts(client: Client) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(client.known_hosts)], check=True, capture_output=True
    )
    assert client.world.web.address not in client.known_hosts.read_text()
    assert works(client.transport()) == b"here\n"


@pytest.mark.parametrize(
    ("pattern", "is_known"),
    [("[127.0.77.?]:*", True), ("*", True), ("127.0.77.1", True), ("!*77.1*,*", False)],
)
def test_patterns_of_known_hosts(client: Client, pattern: str, is_known: bool) -> None:
    client.known_hosts.write_text(f"{pattern} {client.world.web.public_host_key}\n")
    if is_known:
        assert works(client.transport()) == b"here\n"
    else:
        assert "not known" in str(refusal(client.transport()))


def test_host_key_alias(client: Client) -> None:
    client.known_hosts.write_text(f"the-web {client.world.web.public_host_key}\n")
    client.configure("Host 127.0.77.1\n  HostKeyAlias the-web")
    assert works(client.transport()) == b"here\n"


def test_a_known_key_of_another_type_is_asked_for(client: Client, tmp_path: Path) -> None:
    """The server has two; the known one is not what we would ask for first."""
    rsa = sshd.make_key(tmp_path / "rsa_host_key", kind="ecdsa")
    two = sshd.start(
        tmp_path / "two",
        "127.0.77.3",
        client.world.key.with_suffix(".pub"),
        first=f"HostKey {tmp_path}/two/second\n",
        prepare=lambda directory: (tmp_path / "rsa_host_key").rename(directory / "second"),
    )
    try:
        client.known_hosts.write_text(
            f"[{two.address}]:{two.port} {' '.join(rsa.read_text().split()[:2])}\n"
        )
        assert works(client.transport(two.address, port=two.port)) == b"here\n"
    finally:
        two.stop()


# Keys of users
