"""Types of the knobs: what a path, an address or a size may look like.

A value that could break out of its directive is refused here, at load, where it has a line.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Knobs(BaseModel):
    """Frozen, strict about keys, documented by the line under each field (see schema.py)."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _text(value: Any) -> Any:
    """YAML reads `listen: 80` as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _port_in_range(value: str) -> str:
    port = int(value.rpartition(":")[2])
    if not 0 < port < 65536:
        raise ValueError(f"port {port} is not between 1 and 65535")
    return value


def _network(value: str) -> str:
    """nginx ignores host bits without a word; ip_network refuses them."""
    return value if value == "unix:" else str(ip_network(value))


LENGTH = r"^\d+[smh]$"
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _length(value: Any) -> Any:
    """`90s`, `10m` and `1h` in seconds; a number means seconds."""
    if not isinstance(value, str) or value.isdecimal():
        return value
    if not (value.isascii() and re.fullmatch(LENGTH, value)):
        raise ValueError("no length of time: seconds, or like 90s, 10m, 1h")
    return int(value[:-1]) * _UNITS[value[-1]]


_SAFE = r"[^\x00-\x1f\x7f\"'$;{}\\]"

SafePath = Annotated[str, Field(pattern=rf"^/{_SAFE}*$")]
LogTarget = Annotated[str, Field(pattern=rf"^(/{_SAFE}+|stderr|syslog:[A-Za-z0-9_.:,=/\[\]-]+)$")]
UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*[A-Za-z0-9_~-]$")]
Address = Annotated[
    str,
    BeforeValidator(_text, json_schema_input_type=int | str),
    Field(pattern=r"^((\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:]+\]|\*):)?\d{1,5}$"),
    AfterValidator(_port_in_range),
]
Size = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\d+[kKmMgG]?$")]
_Length = Annotated[str, Field(pattern=LENGTH)]
Seconds = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(_length, json_schema_input_type=Annotated[int, Field(gt=0)] | _Length),
]
SecondsOrNone = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_length, json_schema_input_type=Annotated[int, Field(ge=0)] | _Length),
]
"""The same, where 0 means: not at all."""
Count = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(gt=0, lt=65536)]
MimeType = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]+/[A-Za-z0-9.+*-]+$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]+$")]
Network = Annotated[str, AfterValidator(_network)]
