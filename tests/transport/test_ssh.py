"""Logging in: host keys, users' keys, jump hosts, and what a person is told when it fails."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.executor.fleet import Fleet
from deploy.inventory.models import Ssh
from deploy.transport import ChannelLost
from deploy.transport.ssh.destination import resolve
from tests.ports import free_port
from tests.transport import sshd
from tests.transport.conftest import Client, finish, refusal, works


@pytest.mark.parametrize("how", ["gateway", "ProxyJump", "ProxyCommand"])
def test_through_a_jump_host(client: Client, how: str) -> None:
    web, jump = client.world.web, client.world.jump
    login = f"{sshd.deploy_user()}@{jump.address}:{jump.port}"
    if how == "gateway":
        transport = client.transport(gateway=login)
    elif how == "ProxyJump":
        client.configure(f"Host {web.address}\n  ProxyJump {login}")
        transport = client.transport()
    else:
        command = f"ssh -F {client.config} -W %h:%p -l %r -p {jump.port} {jump.address}"
        client.configure(f"Host {web.address}\n  ProxyCommand {command}")
        transport = client.transport()
    with jump.expects("Accepted publickey"):
        seen = works(transport, "echo $SSH_CONNECTION")
    assert seen.split()[2] == web.address.encode()


def test_two_jump_hosts_in_their_order(client: Client) -> None:
    """`a,b` passes a first (Fabric's own ProxyJump has it the wrong way round)."""
    web, jump = client.world.web, client.world.jump
    user = sshd.deploy_user()
    client.configure(
        f"Host far\n  HostName {web.address}\n  ProxyJump {user}@{jump.address}:{jump.port},near\n"
        f"Host near\n  HostName {web.address}\n  Port {web.port}\n  User {user}\n"
    )
    with web.expects("Accepted publickey", times=2), jump.expects("Accepted publickey"):
        assert works(client.transport("far", port=web.port)) == b"here\n"
    host = client.transport("far", port=web.port)._inventory
    hops = resolve(host, Ssh(config=str(client.config))).jumps
    assert [hop.port for hop in hops] == [jump.port, web.port]


def test_the_jump_hosts_key_is_verified_too(client: Client) -> None:
    jump = client.world.jump
    client.known_hosts.write_text(client.world.web.known_hosts_line)
    transport = client.transport(gateway=f"{sshd.deploy_user()}@{jump.address}:{jump.port}")
    assert f"{jump.address} port {jump.port} is not known" in str(refusal(transport))


def test_a_jump_host_that_cannot_reach_the_host(client: Client) -> None:
    jump = client.world.jump
    transport = client.transport(
        "127.0.77.1",
        port=free_port("127.0.77.1"),
        gateway=f"{sshd.deploy_user()}@{jump.address}:{jump.port}",
    )
    assert "could not reach" in str(refusal(transport))


def test_jump_hosts_in_a_circle(client: Client) -> None:
    client.configure("Host a\n  ProxyJump b\nHost b\n  ProxyJump a")
    assert "circle" in str(refusal(client.transport("a")))


def test_the_inventory_wins_over_the_configuration(client: Client) -> None:
    web = client.world.web
    client.configure(f"Host web\n  HostName {web.address}\n  Port 1\n  User nobody")
    assert works(client.transport("web", port=web.port)) == b"here\n"


def test_an_included_configuration(client: Client) -> None:
    web = client.world.web
    (client.directory / "conf.d").mkdir()
    (client.directory / "conf.d" / "web").write_text(
        f"Host web\n  HostName {web.address}\n  Port {web.port}\n"
    )
    client.configure("Include conf.d/*")
    assert works(client.transport("web")) == b"here\n"


# What goes wrong


def test_a_refused_connection(client: Client) -> None:
    port = free_port("127.0.77.1")
    error = refusal(client.transport("127.0.77.1", port=port))
    assert f"127.0.77.1 port {port} refused" in str(error)


def test_a_name_that_does_not_resolve(client: Client) -> None:
    error = refusal(client.transport("no-such-host.invalid"))
    assert "'no-such-host.invalid' does not resolve" in str(error)


def test_a_server_that_says_nothing(client: Client) -> None:
    client.configure("ConnectTimeout 1")
    with socket.create_server(("127.0.77.4", 0)) as silent:
        transport = client.transport("127.0.77.4", port=silent.getsockname()[1])
        transport._ssh = transport._ssh.model_copy(update={"connect_timeout": 1})
        assert "did not answer within 1 s" in str(refusal(transport))


def test_a_server_that_is_not_ssh(client: Client) -> None:
    with socket.create_server(("127.0.77.4", 0)) as server:
        transport = client.transport("127.0.77.4", port=server.getsockname()[1])
        pid = os.fork()
        if pid == 0:
            server.accept()[0].close()
            os._exit(0)
        assert "before it said a word of SSH" in str(refusal(transport))
        os.waitpid(pid, 0)


def test_nothing_is_printed_beside_the_error(client: Client) -> None:
    """Paramiko's thread logs a traceback, which Python prints unless somebody takes it."""
    program = (
        "import sys\n"
        "from deploy.errors import DeployError\n"
        "from deploy.inventory.models import Host, Settings, Ssh\n"
        "from deploy.transport.ssh import SshTransport\n"
        "settings = Settings(port=int(sys.argv[1]))\n"
        "host = Host(name='h', address='127.0.77.4', roles=('x',), runs_app=True, serves=True,"
        " settings=settings)\n"
        "try:\n    SshTransport(host, Ssh(config=sys.argv[2])).connect()\n"
        "except DeployError as error:\n    print(error)\n"
    )
    with socket.create_server(("127.0.77.4", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, "-c", program, port, str(client.config)]
        with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
            server.accept()[0].close()
            output, errors = process.communicate(timeout=60)
    assert "before it said a word of SSH" in output
    assert errors == ""


def test_a_killed_server_is_a_lost_channel(client: Client, tmp_path: Path) -> None:
    own = sshd.start(tmp_path / "own", "127.0.77.5", client.world.key.with_suffix(".pub"))
    try:
        client.known_hosts.write_text(own.known_hosts_line)
        transport = client.transport(own.address, port=own.port)
        transport.connect()
        channel = transport.open("echo started; read -r line")
        received = b""
        while b"started\n" not in received:
            chunk = channel.receive(20)
            assert chunk is not None
            received += chunk.data
        own.kill_connections()
        with pytest.raises(ChannelLost):
            finish(channel)
        assert channel.exit_status is None
        with pytest.raises(ChannelLost):
            channel.send(b"x")
        with pytest.raises(DeployError):
            transport.open("true")
    finally:
        own.stop()


def test_more_channels_than_the_server_allows(client: Client, tmp_path: Path) -> None:
    own = sshd.start(
        tmp_path / "own", "127.0.77.6", client.world.key.with_suffix(".pub"), first="MaxSessions 1"
    )
    try:
        client.known_hosts.write_text(own.known_hosts_line)
        transport = client.transport(own.address, port=own.port)
        transport.connect()
        held = transport.open("read -r line")
        with pytest.raises(DeployError, match="no channel could be opened") as caught:
            transport.open("true")
        assert "MaxSessions" in caught.value.hint
        held.close()
    finally:
        own.stop()


def test_all_errors_of_all_hosts(client: Client) -> None:
    web = client.world.web
    good = client.transport()
    gone = client.transport("127.0.77.1", port=free_port("127.0.77.1"))
    lost = client.transport("no-such-host.invalid")
    good.host, gone.host, lost.host = "good", "gone", "lost"
    transports = {one.host: one for one in (gone, good, lost)}
    with Fleet(transports, lambda _: None, max_connects=2) as fleet:
        _, errors = fleet.each(transports, fleet.connect)
        assert set(errors) == {"gone", "lost"}
        assert finish(good.open("echo $SSH_CONNECTION")).output.split()[2] == web.address.encode()


def test_a_login_command_with_quotes(client: Client) -> None:
    text = """it's "quoted" $HOME `id` \\ é"""
    transport = client.transport()
    assert works(transport, f"printf %s {shlex.quote(text)}") == text.encode()
