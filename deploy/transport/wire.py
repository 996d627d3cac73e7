"""The language between a script and its controller: reports, log lines, a script's whole run.

Reports are JSON text sequences (RFC 7464) on standard output that carry the run's nonce; what a
child prints, even something that looks like a report, is only ever a log line.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.shell import loader_command
from deploy.transport import Channel, Chunk, Transport

_RS = b"\x1e"


@dataclass(frozen=True, slots=True)
class Report:
    """What a verb or the runtime said; `fields` are text."""

    type: str
    step: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a step's command printed."""

    step: str
    text: str


Item = Report | LogLine


class Decoder:
    """Turns chunks into reports and log lines; one for each run of a script."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._output = b""
        self._log = b""
        self._step = ""

    def feed(self, chunk: Chunk) -> Iterator[Item]:
        """The items that `chunk` completes."""
        if chunk.is_error:
            self._log += chunk.data
            *lines, self._log = self._log.split(b"\n")
            for line in lines:
                yield from self._read_log(line)
        else:
            self._output += chunk.data
            *records, self._output = self._output.split(b"\n")
            for record in records:
                yield self._read_record(record)

    def finish(self) -> Iterator[Item]:
        """What was left without a final newline: log lines, since no report ends so."""
        for rest in (self._output, self._log):
            if rest:
                yield from self._read_log(rest)
        self._output = self._log = b""

    def _read_log(self, line: bytes) -> Iterator[LogLine]:
        text, mark, name = line.partition(_RS + self._nonce + b" ")
        if text or not mark:
            yield LogLine(self._step, _text(text))
        if mark:
            self._step = _text(name)

    def _read_record(self, record: bytes) -> Item:
        body = record.rpartition(_RS)[2]
        try:
            data = json.loads(body)
            nonce = data.pop("nonce").encode()
            if hmac.compare_digest(nonce, self._nonce):
                return Report(data.pop("type"), data.pop("step"), data)
        except (ValueError, AttributeError, KeyError, TypeError):
            pass
        return LogLine(self._step, _text(record))


def _text(data: bytes) -> str:
    return data.rstrip(b"\r").decode("utf-8", "replace")


def start_script(transport: Transport, script: bytes) -> Channel:
    """Open a channel, and send the loader and then the script. Raises ChannelLost."""
    channel = transport.open(loader_command(len(script)))
    channel.send(script)
    return channel


def read_items(channel: Channel, nonce: str, *, poll: float = 1.0) -> Iterator[Item | None]:
    """Every report and log line until the command ended; None each `poll` seconds of silence.

    Raises ChannelLost when the connection goes first.
    """
    decoder = Decoder(nonce)
    while channel.exit_status is None:
        chunk = channel.receive(poll)
        if chunk is None:
            yield None
        else:
            yield from decoder.feed(chunk)
    yield from decoder.finish()


def run_script(
    transport: Transport, script: bytes, nonce: str, receive: Callable[[Item], None]
) -> int:
    """Run a script to its end, handing every item to `receive`; its exit status."""
    channel = start_script(transport, script)
    try:
        for item in read_items(channel, nonce):
            if item is not None:
                receive(item)
        return channel.exit_status or 0
    finally:
        channel.close()
