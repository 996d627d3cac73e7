"""What `status` shows of a host beside what a deploy asks: load and room, sockets, crashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from deploy.facts import Fact, table
from deploy.inventory.layout import Layout, ReleasesLayout
from deploy.shell import Call, call


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a process of the app is to listen: a unix socket's path or a port."""

    name: str
    listens: bool


@dataclass(frozen=True, slots=True)
class LookState:
    """One host; sizes are kilobytes, times seconds since 1970 by its own clock."""

    time: int
    model: str
    """`startCluster`, `start cluster` or `processes`."""
    load: tuple[float, float, float]
    """Over 1, 5 and 15 minutes (proc(5), loadavg)."""
    swap_total: int
    swap_free: int
    disk_total: int
    """Of the file system where the app lives; 0 where that is not told."""
    committed: int | None = None
    """When the commit that is checked out was made."""
    packages: str = ""
    """Key of the packages that are installed: a digest of the lockfile and all else that decides
    them; `committed` where they are the commit's, empty where nobody manages them."""
    endpoints: tuple[Endpoint, ...] = ()
    crashes: tuple[int, ...] = ()
    """When workers died of an error, as far as the end of cluster.log goes back."""
    exits: tuple[int, ...] = ()
    """When they ended, for whatever reason."""


def parse_look(text: str) -> LookState:
    """Parse the answer of `look_state`: a kind and its values a line."""
    rows = table(text)
    one = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    one_minute, five, fifteen = next(map(float, row[1:4]) for row in rows if row[0] == "load")
    committed = one.get("committed", "")
    return LookState(
        time=int(one["time"]),
        model=one["model"],
        load=(one_minute, five, fifteen),
        swap_total=int(one.get("SwapTotal", 0)),
        swap_free=int(one.get("SwapFree", 0)),
        disk_total=int(one.get("disk", 0)),
        committed=int(committed) if committed.isdigit() else None,
        packages=one.get("key", "").removeprefix("own ").removeprefix("off"),
        endpoints=tuple(Endpoint(r[1], r[2] == "listens") for r in rows if r[0] == "socket"),
        crashes=tuple(_seconds(row[1]) for row in rows if row[0] == "crash"),
        exits=tuple(_seconds(row[1]) for row in rows if row[0] == "exit"),
    )


def _seconds(text: str) -> int:
    """ActionHero's logger writes UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def _call(layout: Layout) -> Call:
    tree = layout.current if isinstance(layout, ReleasesLayout) else layout.app
    return call("look_state", tree, layout.log)


Look: Fact[LookState] = Fact("look", _call, parse_look)
