"""How a value becomes text of a file, such as nginx's, without ever breaking out of its place.

Every `{{ … }}` of a template goes through one of these functions.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=*?&\[\]-]+")


class RefusedValue(ValueError):  # noqa: N818  # says what happened to the value
    """A value that has no safe spelling in the file; engine.py adds template, line and key."""


class Verbatim(str):
    """Text that is syntax already: variables, expressions. Never made from free text."""

    __slots__ = ()


def nginx_value(value: Any) -> str:
    """`value` as nginx parameters: on/off, numbers, words quoted where needed, lists spaced.

    Raises RefusedValue for control characters, for `$` (nginx has no way to escape it) and
    for values that are missing or have no spelling.
    """
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple | list):
        return " ".join(nginx_value(item) for item in value)
    return _nginx_word(value)


def verbatim(value: str | tuple[str, ...]) -> Verbatim:
    """A template's filter for the knobs whose pattern allows nginx's variables, and nothing more.

    Raises RefusedValue for what could end the parameter or the directive.
    """
    text = value if isinstance(value, str) else " ".join(value)
    if _CONTROL.search(text) or set(text) & set(";{}'\"\\#"):
        raise RefusedValue(f"{text!r} could break out of its directive")
    return Verbatim(text)


def single_quoted(value: str) -> Verbatim:
    """A template's filter for a text with variables, such as a log format, in single quotes."""
    if _CONTROL.search(value) or set(value) & {"'", "\\"}:
        raise RefusedValue(f"{value!r} could break out of its quotes")
    return Verbatim(f"'{value}'")


def javascript_value(value: Any) -> str:
    """`value` as a JavaScript literal: JSON in ASCII, which JavaScript reads since ES2019."""
    if isinstance(value, Verbatim):
        return str(value)
    plain = list(value) if isinstance(value, tuple) else value
    try:
        return json.dumps(plain, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RefusedValue(f"{value!r} has no spelling in JavaScript: {error}") from error


def _nginx_word(value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedValue("the value is missing" if value is None else f"{value!r} is no text")
    if _CONTROL.search(value):
        raise RefusedValue(f"{value!r} holds a control character")
    if "$" in value:
        raise RefusedValue(f"{value!r} holds a $, which nginx takes for a variable")
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain_value(value: Any) -> str:
    """`value` as it is, for formats without quotes: text that fits on a line, numbers, lists.

    Raises RefusedValue for anything else: yes and no are words that a template has to choose.
    """
    if isinstance(value, tuple | list):
        return " ".join(plain_value(item) for item in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RefusedValue("the value is missing" if value is None else f"{value!r} is no text")
    if isinstance(value, str) and not isinstance(value, Verbatim) and _CONTROL.search(value):
        raise RefusedValue(f"{value!r} holds a control character")
    return str(value)


def shell_value(value: Any) -> str:
    """`value` as words of a POSIX shell. Raises RefusedValue as `plain_value` does."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, tuple | list):
        return " ".join(shell_value(item) for item in value)
    return shlex.quote(plain_value(value))


QUOTES = {
    "plain": plain_value,
    "nginx": nginx_value,
    "javascript": javascript_value,
    "yaml": javascript_value,  # JSON is YAML
    "shell": shell_value,
}
"""How values are spelled, by what a file of the inventory says under `quote`."""
