"""Types of the inventory's values, and the words that an error uses for what each allows.

Branches, paths and commands are data: quotes, spaces and `$(…)` may stand in them, control
characters may not.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_NO_NUL = r"^[^\x00]*$"
_LINE = r"^[^\x00-\x1f\x7f]*$"
_WORD = r"^[^\x00-\x1f\x7f-][^\x00-\x1f\x7f]*$"
_TARGET = r"^[^\x00-\x20\x7f@/-][^\x00-\x20\x7f@/]*$"
_USER = r"^[^\x00-\x20\x7f@:-][^\x00-\x20\x7f@:]*$"
_ABSOLUTE = r"^/[^\x00-\x1f\x7f]*$"
_RELATIVE = r"^[^\x00-\x1f\x7f/-][^\x00-\x1f\x7f]*$"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_GATEWAY = (
    r"^([^\x00-\x20\x7f@:-][^\x00-\x20\x7f@:]*@)?"
    r"([A-Za-z0-9][^\s@:\[\]]*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$"
)
_DIRECTORY = r"^(/[^\x00-\x1f\x7f:]*)?$"
_URL_PATH = r"^/\S*$"
_PERCENTAGE = r"^([1-9]|[1-9][0-9]|100)%$"

WORDS = {
    _NO_NUL: "text without a NUL character",
    _LINE: "text on one line",
    _WORD: "text on one line that does not begin with `-`",
    _TARGET: "a name or an address, without user, spaces or `/`",
    _USER: "a user's name, without spaces, `@` or `:`",
    _ABSOLUTE: "an absolute path, on one line",
    _RELATIVE: "a path relative to the app, on one line, that does not begin with `/` or `-`",
    _NAME: "a name of letters, digits, `.`, `_` and `-`",
    _VARIABLE: "a name of an environment variable: letters, digits and `_`",
    _GATEWAY: "[user@]host[:port], an IPv6 address in brackets",
    _DIRECTORY: "an absolute path without `:`, on one line",
    _URL_PATH: "a path that begins with `/` and holds no spaces",
    _PERCENTAGE: "a percentage from 1% to 100%",
}
"""What each pattern allows, in words."""


def parse_moment(text: str) -> datetime:
    """`text` (ISO 8601 with a zone) as a time. Raises ValueError."""
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment


def _moment(text: str) -> str:
    try:
        parse_moment(text)
    except ValueError:
        raise ValueError("not a time with a zone like 2026-12-24T18:00:00Z") from None
    return text


def _clean_path(path: str) -> str:
    """One spelling a directory: /proc's paths and nginx's are compared with it."""
    parts = [part for part in path.split("/") if part]
    if "." in parts or ".." in parts:
        raise ValueError("`.` and `..` are not allowed in a path")
    return "/" * path.startswith("/") + "/".join(parts)


def _not_root(path: str) -> str:
    if path == "/":
        raise ValueError("the app needs a directory of its own")
    return path


def _gateway(text: str) -> str:
    _, colon, port = text.rpartition(":")
    if colon and port.isdigit() and not 0 < int(port) < 65536:
        raise ValueError("the port is not between 1 and 65535")
    return text


def _fallback(name: str) -> str:
    if name == "usr2":
        raise ValueError(
            "USR2 is no way between releases: the master keeps the code and the directory of the "
            "release that it was started from, so a host could neither be proved nor go back. "
            "Set `fallback: restart`, or `strategy: in_place`, which reloads by USR2"
        )
    return name


def _batch(size: str | int) -> str | int:
    fits = size >= 1 if isinstance(size, int) else re.fullmatch(_PERCENTAGE, size)
    if not fits:
        raise ValueError("not a whole number from 1, or a percentage from 1% to 100%")
    return size


Port = Annotated[int, Field(gt=0, lt=65536)]
Text = Annotated[str, Field(pattern=_NO_NUL)]
CommandLine = Annotated[str, Field(min_length=1, pattern=_NO_NUL)]
Line = Annotated[str, Field(pattern=_LINE)]
Word = Annotated[str, Field(pattern=_WORD)]
Target = Annotated[str, Field(pattern=_TARGET)]
User = Annotated[str, Field(pattern=_USER)]
Name = Annotated[str, Field(pattern=_NAME)]
EnvironmentName = Annotated[str, Field(pattern=_VARIABLE)]
UrlPath = Annotated[str, Field(pattern=_URL_PATH)]
AbsolutePath = Annotated[str, Field(pattern=_ABSOLUTE), AfterValidator(_clean_path)]
AppPath = Annotated[AbsolutePath, AfterValidator(_not_root)]
RelativePath = Annotated[str, Field(pattern=_RELATIVE), AfterValidator(_clean_path)]
BinDirectory = Annotated[str, Field(pattern=_DIRECTORY)]
Gateway = Annotated[str, Field(pattern=_GATEWAY), AfterValidator(_gateway)]
Moment = Annotated[
    str, AfterValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
BatchSize = Annotated[
    str | int,
    AfterValidator(_batch),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _PERCENTAGE}]}
    ),
]
Fallback = Annotated[Literal["refuse", "restart"], BeforeValidator(_fallback)]
