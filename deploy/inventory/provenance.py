"""Every effective value, and the line that it came from: what `invoke inventory` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from deploy.inventory.document import Head
from deploy.inventory.faults import show_key
from deploy.inventory.models import Environment, Host, SecretSource

DEFAULT = "default"


class Row(NamedTuple):
    """One value; `host` is empty for what belongs to the whole environment."""

    host: str
    key: str
    value: str
    source: str
    """`file:line`, or `default`."""


def explain(environment: Environment) -> list[Row]:
    """The environment's values, then each host's; a secret shows its source, never its value."""
    rows = [
        Row("", show_key(path), value, environment.origins.get(show_key(path), DEFAULT))
        for name in Head.model_fields
        for path, value in _leaves(getattr(environment, name), (name,))
    ]
    return rows + [
        row for host in environment.hosts.values() for row in _explain(environment, host)
    ]


def _explain(environment: Environment, host: Host) -> Iterator[Row]:
    own = {"address": host.address, "roles": host.roles}
    values = {
        **own,
        **{name: getattr(host.settings, name) for name in type(host.settings).model_fields},
    }
    for path, value in _leaves(values, ()):
        source = environment.origins.get(show_key(("hosts", host.name, *path)), DEFAULT)
        yield Row(host.name, show_key(path), value, source)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, SecretSource):
        yield path, str(value)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name))
    elif isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)))
    else:
        yield path, _show(value)


def _show(value: Any) -> str:
    """Text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else str(value)
