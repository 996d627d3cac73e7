"""The contract of a channel, over SSH and on this machine alike."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from paramiko import Channel as RawChannel
from paramiko.buffered_pipe import BufferedPipe

from deploy.transport import ChannelLost, Chunk, Transport
from deploy.transport.local import LocalTransport
from deploy.transport.ssh.channel import SshChannel, _Wake
from tests.transport.conftest import finish

TEN_MEGABYTES = 10 * 1024 * 1024


def test_streams_are_kept_apart(transport: Transport) -> None:
    result = finish(transport.open("echo out; echo err >&2"))
    assert result.output == b"out\n"
    assert result.errors.endswith(b"err\n")
    assert b"out" not in result.errors


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)],
)
def test_exit_status(transport: Transport, command: str, status: int) -> None:
    assert finish(transport.open(command)).status == status


def test_large_output_on_both_streams(transport: Transport) -> None:
    command = (
        f"head -c {TEN_MEGABYTES} /dev/zero & "
        f"head -c {TEN_MEGABYTES} /dev/zero | tr '\\0' e >&2; wait"
    )
    result = finish(transport.open(command))
    assert len(result.output) == TEN_MEGABYTES
    assert result.output.count(0) == TEN_MEGABYTES
    assert result.errors.count(b"e") >= TEN_MEGABYTES
    assert result.status == 0


@pytest.mark.parametrize("size", [0, 1, 20_000, 3_000_000])
def test_standard_input_of_exactly_n_bytes(transport: Transport, size: int) -> None:
    channel = transport.open(f"head -c {size} | cksum; echo more?; head -c 1")
    channel.send(b"x" * size)
    channel.send(b"!")
    result = finish(channel)
    assert result.output.split()[1] == str(size).encode()
    assert result.output.endswith(b"more?\n!")


def test_input_while_output_is_not_read(transport: Transport) -> None:
    """Neither side waits for the other for ever."""
    channel = transport.open("cat")
    data = bytes(range(256)) * 4000
    channel.send(data)
    received = bytearray()
    while len(received) < len(data):
        chunk = channel.receive(20)
        assert chunk is not None
        if not chunk.is_error:
            received += chunk.data
    assert bytes(received) == data


def test_a_command_that_reads_nothing_tells_by_its_status(transport: Transport) -> None:
    channel = transport.open("exec <&-; exit 7")
    result = finish(channel)
    channel.send(b"x" * 100_000)
    assert result.status == 7


def test_receive_gives_up_after_its_timeout(transport: Transport) -> None:
    channel = transport.open("echo ready >&2; read -r line; echo $line")
    while (chunk := channel.receive(20)) is None or b"ready" not in chunk.data:
        assert channel.exit_status is None
    before = time.monotonic()
    assert channel.receive(0.2) is None
    assert 0.15 < time.monotonic() - before < 5
    assert channel.exit_status is None
    channel.send(b"done\n")
    assert finish(channel).output == b"done\n"


def test_waiting_costs_no_cpu(transport: Transport) -> None:
    channel = transport.open("read -r line")
    before = time.process_time()
    while channel.receive(1.0) is not None:
        pass
    assert time.process_time() - before < 0.2
    channel.send(b"\n")
    finish(channel)


def test_a_background_child_does_not_keep_the_channel_open(
    transport: Transport, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    tmp_path.chmod(0o755)
    channel = transport.open(
        f"mkfifo -m 666 {fifo} 2>/dev/null; echo started; tail -f /dev/null & echo $!; exit 4"
    )
    before = time.monotonic()
    result = finish(channel)
    assert result.status == 4
    assert 0.4 < time.monotonic() - before < 10
    pid = int(result.output.split()[1])
    assert finish(transport.open(f"kill {pid}")).status == 0, "the child was ended with the channel"


def test_output_just_before_the_end_is_not_lost(transport: Transport) -> None:
    for _ in range(20):
        assert finish(transport.open("echo last")).output == b"last\n"


def test_sixteen_channels_at_once(transport: Transport) -> None:
    channels = [transport.open("read -r line; echo got $line") for _ in range(16)]
    for number, channel in reversed(list(enumerate(channels))):
        channel.send(b"%d\n" % number)
    answers = [finish(channel).output for channel in channels]
    assert answers == [b"got %d\n" % number for number in range(16)]


def test_close_is_safe_twice(transport: Transport) -> None:
    channel = transport.open("cat")
    channel.close()
    channel.close()
    transport.close()
    transport.close()


def test_a_local_command_has_a_session_of_its_own() -> None:
    transport = LocalTransport("here")
    result = finish(transport.open("cut -d' ' -f6 /proc/$$/stat"))
    assert int(result.output) != os.getsid(0)


def test_an_empty_stream_does_not_hide_the_other() -> None:
    wake, output, errors = _Wake(), BufferedPipe(), BufferedPipe()
    output.set_event(wake)
    errors.set_event(wake)
    output.feed("out")
    errors.feed("err")
    output.read(10)
    assert wake.is_set()


class _LateChannel(RawChannel):
    """A real channel whose last output and end arrive just after somebody looked."""

    def recv_ready(self) -> bool:
        was_ready = super().recv_ready()
        if not self.eof_received:
            self.exit_status = 0
            self.in_buffer.feed("late")
            self.in_buffer.close()
            self.eof_received = True
        return was_ready


def test_output_that_arrives_between_two_looks_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deploy.transport.ssh.channel.start_command", lambda *_: None)
    channel = SshChannel(_LateChannel(1), "")
    assert channel.receive(5) == Chunk(b"late", is_error=False)
    assert channel.receive(5) is None
    assert channel.exit_status == 0


def test_a_closed_channel_says_so_instead_of_spinning() -> None:
    """Found by a run that was interrupted while a thread still read: it read for ever."""
    channel = LocalTransport("web1").open("exec cat")
    channel.close()
    with pytest.raises(ChannelLost):
        channel.receive(0.1)
