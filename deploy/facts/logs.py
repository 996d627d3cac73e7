"""New lines of a host's logs, each with its time, and where reading stopped."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from deploy.facts import Fact, table
from deploy.inventory.layout import Layout
from deploy.inventory.models import Host
from deploy.shell import call

LINES = 200
"""Last lines of each file, where nobody asks for a time or a word."""
BYTES = 1_000_000
"""Most that is read of a file at a time, from its end."""
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?\d*(Z|[+-]\d\d:?\d\d)?")
_ACCESS = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
_ERROR = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[")
"""nginx's two forms: access log with its zone, error log in the host's."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, and when it was written; a line without a time has that of the one before it."""

    at: datetime
    kind: str
    """`cluster`, `worker` or `nginx`."""
    text: str


@dataclass(frozen=True, slots=True)
class LogState:
    """What is new on one host."""

    lines: tuple[LogLine, ...]
    unreadable: tuple[str, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    """Bytes that were read, by inode: the next question goes on from there."""


def parse_logs(text: str) -> LogState:
    """Parse the answer of `read_logs`."""
    rows = table(text)
    offset = next(row[1] for row in rows if row[0] == "zone")
    zone = timezone(_offset(offset))
    lines: list[LogLine] = []
    unreadable = []
    seen = {}
    for _, kind, path, inode, size, content in (row for row in rows if row[0] == "file"):
        if content == "-":
            unreadable.append(path)
            continue
        data = b64decode(content)
        whole = data[: data.rfind(b"\n") + 1]
        seen[inode] = int(size) - len(data) + len(whole)  # a line is told once it has its end
        at = datetime.fromtimestamp(0, timezone.utc)
        for one in whole.decode(errors="replace").splitlines():
            at = read_time(one, zone) or at
            lines.append(LogLine(at, kind, one))
    return LogState(tuple(lines), tuple(unreadable), seen)


def read_time(line: str, zone: timezone) -> datetime | None:
    """When a line of ActionHero or nginx was written; `zone` is the host's, for those without."""
    head = line[:300]
    try:
        if found := _ACCESS.search(head):
            return datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z")
        if found := _ERROR.match(head):
            return datetime.strptime(found[1], "%Y/%m/%d %H:%M:%S").replace(tzinfo=zone)
        if found := _ISO.search(head):
            day, clock, part, own = found.groups()
            plain = datetime.fromisoformat(f"{day}T{clock}.{(part or '0').ljust(6, '0')}")
            return plain.replace(tzinfo=timezone(_offset(own)) if own else zone)
    except ValueError:  # looks like a time, and is none
        return None
    return None


def _offset(text: str) -> timedelta:
    """`+0130`, `-01:30` or `Z`."""
    digits = text.lstrip("+-").replace(":", "")
    if not digits.isdigit():
        return timedelta(0)
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    return -length if text.startswith("-") else length


def logs_fact(host: Host, seen: Mapping[str, int], lines: int) -> Fact[LogState]:
    """What came behind `seen`; of files that are new, the last `lines` lines, 0 for all."""
    known = "\n".join(f"{inode} {size}" for inode, size in seen.items())
    nginx = (host.settings.nginx.access_log, host.settings.nginx.error_log)
    files = [log for log in nginx if log.startswith("/")] if host.serves else []

    def words(layout: Layout) -> list[str]:
        own = [("cluster", f"{layout.log}/cluster.log"), ("cluster", f"{layout.log}/*.out")]
        every = [*own, ("worker", f"{layout.log}/*.log"), *(("nginx", log) for log in files)]
        return [word for pair in every for word in pair]

    return Fact(
        "logs",
        lambda layout: call("read_logs", lines, BYTES, known, *words(layout)),
        parse_logs,
    )
