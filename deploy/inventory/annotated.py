"""An inventory as text in which comments say why each value is so."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

_WIDTH = 100
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value, and why it has that."""

    key: str
    value: Any
    """Plain data; or, in a tuple, the entries below the key."""
    why: str = ""
    """In words, without `#`; empty where the value speaks for itself."""


def annotate(head: str, entries: Sequence[Entry]) -> str:
    """The text of a file: `head` as its first comment, then the entries, a blank line between."""
    parts = ["\n".join(_comment(head, "")), *("\n".join(_lines(one, "")) for one in entries)]
    return "\n\n".join(parts) + "\n"


def _lines(entry: Entry, indent: str) -> Iterator[str]:
    yield from _comment(entry.why, indent)
    key = _scalar(entry.key)
    if isinstance(entry.value, tuple):
        yield f"{indent}{key}:"
        for one in entry.value:
            yield from _lines(one, indent + _INDENT)
    elif isinstance(entry.value, dict | list) and entry.value:
        yield f"{indent}{key}:"
        body = yaml.safe_dump(entry.value, sort_keys=False, allow_unicode=True, width=10_000)
        yield from textwrap.indent(body.rstrip("\n"), indent + _INDENT).splitlines()
    else:
        yield f"{indent}{key}: {_scalar(entry.value)}"


def _comment(words: str, indent: str) -> Iterator[str]:
    for line in words.splitlines():
        mark = f"{indent}# "
        yield from textwrap.wrap(line, _WIDTH, initial_indent=mark, subsequent_indent=mark) or (
            mark.rstrip(),
        )


def _scalar(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
