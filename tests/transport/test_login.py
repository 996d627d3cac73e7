"""Who logs in: keys, pass phrases, the agent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transport import sshd
from tests.transport.conftest import Client, finish, refusal, works

PASSPHRASE = "a passphrase of a test"  # noqa: S105


def test_a_wrong_key_is_named(client: Client, tmp_path: Path) -> None:
    sshd.make_key(tmp_path / "stranger")
    client.configure(f"IdentityFile {tmp_path}/stranger\nIdentityFile {tmp_path}/missing")
    client.config.write_text(client.config.read_text().replace(str(client.world.key), "/nowhere"))
    error = refusal(client.transport())
    assert "did not accept" in str(error)
    assert f"{tmp_path}/stranger: refused" in error.details
    assert any("missing: No such file" in line for line in error.details)


def test_the_right_key_after_wrong_ones(client: Client, tmp_path: Path) -> None:
    for name in ("a", "b"):
        sshd.make_key(tmp_path / name)
    client.configure(f"IdentityFile {tmp_path}/a\nIdentityFile {tmp_path}/b")
    assert works(client.transport()) == b"here\n"


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_kinds_of_keys_from_the_usual_place(client: Client, kind: str) -> None:
    (client.directory / ".ssh").mkdir()
    client.world.web.authorize(sshd.make_key(client.directory / ".ssh" / f"id_{kind}", kind=kind))
    text = client.config.read_text().splitlines()
    client.config.write_text("\n".join(line for line in text if "Identit" not in line))
    assert works(client.transport()) == b"here\n"


def test_a_key_with_a_passphrase_and_no_agent(client: Client, tmp_path: Path) -> None:
    sshd.make_key(tmp_path / "locked", passphrase=PASSPHRASE)
    client.config.write_text(
        client.config.read_text().replace(str(client.world.key), str(tmp_path / "locked"))
    )
    error = refusal(client.transport())
    assert "needs a passphrase" in error.details[0]
    assert "ssh-add" in error.hint


@pytest.fixture
def agent(
    client: Client,  # noqa: ARG001 - it takes the caller's agent away, and so must come first
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A real agent that holds a key with a passphrase, unlocked, and accepted by the web host."""
    path = tmp_path / "agent.sock"
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()  # printed once it listens
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        yield path
        process.terminate()


def add_locked_key(client: Client, path: Path) -> None:
    client.world.web.authorize(sshd.make_key(path))
    subprocess.run(["ssh-add", "-q", str(path)], check=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-f", str(path), "-N", PASSPHRASE],
        check=True,
        capture_output=True,
    )


@pytest.mark.usefixtures("agent")
def test_a_key_with_a_passphrase_that_the_agent_holds(client: Client, tmp_path: Path) -> None:
    add_locked_key(client, tmp_path / "held")
    client.config.write_text(
        client.config.read_text().replace(str(client.world.key), str(tmp_path / "held"))
    )
    assert works(client.transport()) == b"here\n"


@pytest.mark.usefixtures("agent")
def test_the_agents_own_keys(client: Client, tmp_path: Path) -> None:
    add_locked_key(client, tmp_path / "held")
    text = client.config.read_text().splitlines()
    client.config.write_text("\n".join(line for line in text if "Identit" not in line))
    assert works(client.transport()) == b"here\n"


ASK_AGENT = 'test -n "$SSH_AUTH_SOCK" && ssh-add -l || echo no agent'


@pytest.mark.usefixtures("agent")
def test_the_agent_is_not_forwarded_unless_asked(client: Client, tmp_path: Path) -> None:
    add_locked_key(client, tmp_path / "held")
    assert works(client.transport(), ASK_AGENT) == b"no agent\n"


@pytest.mark.usefixtures("agent")
def test_the_agent_is_forwarded_when_asked(client: Client, tmp_path: Path) -> None:
    add_locked_key(client, tmp_path / "held")
    client.configure("ForwardAgent yes")
    transport = client.transport()
    assert b"ED25519" in works(transport, ASK_AGENT)
    assert b"ED25519" in finish(transport.open(ASK_AGENT)).output, "only the first channel had it"


# Ways there
