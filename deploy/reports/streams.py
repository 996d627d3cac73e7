"""Where reports write: standard output whatever its encoding, and text without what moves cursors.

What a terminal cannot show is written in ASCII; what a command printed cannot steer the terminal.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PLAIN = {
    "✓": "+",
    "✗": "x",
    "→": ">",
    "│": "|",
    "─": "-",
    "·": ".",
    "↶": "<",
    "▶": ">",
    "○": "o",
    "…": "~",
    "«": "<",
    "»": ">",
}
"""What the reports draw with, one character for one, so that columns stay columns."""
_ERRORS = "deploy.plain"
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursors (ECMA-48)
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)"  # OSC and other strings
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}


def printable(text: str) -> str:
    """`text` without what moves the cursor, rings or colours; of a line written over, its end."""
    if text.isprintable():
        return text
    lines = _SEQUENCE.sub("", text).split("\n")
    shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return shown.translate(_CONTROLS).expandtabs(4).encode("utf-8", "replace").decode()


def own_output(encoding: str | None = None) -> TextIO:
    """Standard output as a stream of a report's own, that never fails for a character.

    A thread that waits for a reader must not hold the stream that Python flushes in the end.
    """
    out = sys.stdout
    with suppress(OSError, ValueError):
        out.flush()
    try:
        number = os.dup(out.fileno())
    except (OSError, ValueError):  # no file: a test's, or none at all
        return out
    wanted = encoding or out.encoding or "utf-8"
    errors = _ERRORS if encoding is None else "backslashreplace"
    raw = _Patient(number, "w")
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=wanted, errors=errors, line_buffering=raw.isatty()
    )


class _Patient(io.FileIO):
    """Takes what is written also when nobody reads any more."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):  # EIO: the terminal was closed
                raise
            return memoryview(data).nbytes


def never_fail() -> None:
    """Let standard output and error take any character, whatever their encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError, ValueError):  # nobody reads it, or it became another file
                stream.reconfigure(errors=_ERRORS)


def _write_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = (_PLAIN.get(one) or ascii(one)[1:-1] for one in text)
    return "".join(plain), error.end


codecs.register_error(_ERRORS, _write_plain)
