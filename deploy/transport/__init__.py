"""How bytes reach a host: a transport opens channels, a channel runs one command.

A transport knows nothing of scripts, steps or events; wire.py speaks those over a channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrived on one of a channel's two streams."""

    data: bytes
    is_error: bool
    """True for standard error, False for standard output."""


class Channel(Protocol):
    """One running command on a host."""

    def send(self, data: bytes) -> None:
        """Write all of `data` to the command's standard input. Raises ChannelLost."""

    def receive(self, timeout: float) -> Chunk | None:
        """Wait up to `timeout` seconds for output; None when there was none in that time.

        Raises ChannelLost when the connection is gone before the command's exit status came.
        """

    @property
    def exit_status(self) -> int | None:
        """The command's exit status once it ended and all output was received, else None."""

    def close(self) -> None:
        """Close the channel; what runs on the host is not ended by this."""


class Transport(Protocol):
    """A connection to one host. Not thread-safe, save that several channels may be open."""

    host: str

    def connect(self) -> None:
        """Connect and authenticate. Raises DeployError that names the host and what to do."""

    def open(self, command: str) -> Channel:
        """Start `command` (passed to the login shell as it is) on a new channel."""

    def close(self) -> None:
        """Close the connection and every channel on it; safe to call twice, or unconnected."""


class ChannelLost(Exception):  # noqa: N818  # a state of the channel, turned into a DeployError above
    """The connection went away while a command ran; what the command did is not known."""
