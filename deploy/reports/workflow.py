"""GitHub's workflow commands: how they are spelled, and how other text is kept from being one.

Sources: GitHub's page "Workflow commands for GitHub Actions"; the runner's ActionCommand.cs, which
also takes `##[command]` anywhere in a line.
"""

from __future__ import annotations

import re
from typing import TextIO

_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


def command(name: str, data: str = "", **properties: str) -> str:
    """`::name key=value::data`, as one line."""
    pairs = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{' ' if pairs else ''}{pairs}::{_data(data)}"


def _data(text: str) -> str:
    """What would end the line is escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


class Defused:
    """A stream on which no text is a command: what a host printed must not steer the runner."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Write it, with a blank where a command would begin."""
        return self._stream.write(_COMMAND.sub(r"\1: ", text).replace("##[", "# #["))

    def flush(self) -> None:
        """As the stream's."""
        self._stream.flush()
