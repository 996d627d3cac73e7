"""How a value becomes text of haproxy, redis, syslog-ng, rsyslog, monit or logrotate.

Like quoting.py: what has no safe spelling in a format is refused, never guessed.
"""

from __future__ import annotations

import re
from typing import Any

from deploy.render.quoting import RefusedValue, Verbatim

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+,=\[\]*-]+")


def haproxy_value(value: Any) -> str:
    """`value` as words of haproxy.cfg (management of quotes: configuration.txt, 2.2)."""
    return _spelled(value, {"\\": "\\\\", '"': '\\"', "$": "\\$"}, plain=True)


def redis_value(value: Any) -> str:
    """`value` as words of redis.conf: yes and no, numbers, text in quotes where needed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _spelled(value, {"\\": "\\\\", '"': '\\"'}, plain=True)


def syslog_ng_value(value: Any) -> str:
    """`value` as a text of syslog-ng.conf; ` is doubled, since it begins a global there."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _spelled(value, {"\\": "\\\\", '"': '\\"', "`": "``"}, between=", ")


def rsyslog_value(value: Any) -> str:
    """`value` as a text of RainerScript, in quotes as all of its parameters are."""
    if isinstance(value, bool):
        return '"on"' if value else '"off"'
    if isinstance(value, int):
        return f'"{value}"'
    return _spelled(value, {"\\": "\\\\", '"': '\\"'}, between=", ")


def monit_value(value: Any) -> str:
    """`value` as a text of monitrc, which knows no escapes: with a quote in it, it is refused."""
    return _unescaped(value)


def logrotate_value(value: Any) -> str:
    """`value` as a path or a word of logrotate; in quotes there, since a path may have spaces."""
    return _unescaped(value)


def _spelled(
    value: Any, escapes: dict[str, str], *, plain: bool = False, between: str = " "
) -> str:
    if isinstance(value, tuple | list):
        return between.join(_spelled(item, escapes, plain=plain) for item in value)
    if isinstance(value, Verbatim) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    text = _text(value)
    if plain and _PLAIN.fullmatch(text):
        return str(text)
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def _unescaped(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(_unescaped(item) for item in value)
    if isinstance(value, Verbatim) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    text = _text(value)
    if _PLAIN.fullmatch(text) and "*" not in text:
        return str(text)
    if set(text) & {'"', "\\"}:
        raise RefusedValue(f"{value!r} has no spelling here: it holds a quote or a backslash")
    return f'"{text}"'


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedValue("the value is missing" if value is None else f"{value!r} is no text")
    if _CONTROL.search(value):
        raise RefusedValue(f"{value!r} holds a control character")
    return value


SPELLINGS = {
    "haproxy": haproxy_value,
    "redis": redis_value,
    "syslog-ng": syslog_ng_value,
    "rsyslog": rsyslog_value,
    "monit": monit_value,
    "logrotate": logrotate_value,
}
"""How values are spelled, by what a file of the inventory says under `quote`."""
