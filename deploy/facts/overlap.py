"""What stands in the way of two releases beside each other on one host."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact, table
from deploy.inventory.models import Host
from deploy.shell import call

GROWTH = 1.3
"""New code, just started, may hold so many times what the old holds."""


@dataclass(frozen=True, slots=True)
class RedisState:
    """The app's redis, and the part that this host's old processes have in it."""

    connected: int
    """Clients that are connected, of all hosts and apps."""
    most: int
    """Clients that it takes (`maxclients`); 0 where it does not tell (before Redis 6)."""
    ours: int
    """Connections of this host's processes: new ones will open as many."""
    address: str
    port: str


@dataclass(frozen=True, slots=True)
class OverlapState:
    """Memory for both, and the way of nginx to the sockets and static files."""

    held: int = 0
    """Kilobytes that the processes of now hold, what they share counted in parts."""
    room: int = 0
    """Kilobytes left: of the machine, or of a control group that is smaller."""
    nginx_user: str = ""
    """The user of nginx's processes, or the one that they are likely to have."""
    blocked: tuple[tuple[str, str], ...] = ()
    """Directories that this user may not walk through, each with its mode."""
    selinux: bool = False
    """SELinux is enforcing."""
    protect_home: str = "no"
    """ProtectHome= of nginx's unit, where the app lives below it."""
    redis: RedisState | None = None
    """None where nothing runs, and where no host was told which redis."""

    @property
    def needed(self) -> float:
        """Kilobytes that new processes may hold."""
        return self.held * GROWTH

    @property
    def fits(self) -> bool:
        """There is memory for old and new processes together."""
        return self.needed <= self.room

    @property
    def fits_in_turn(self) -> bool:
        """There is memory for the new ones once the old ones have ended."""
        return self.needed <= self.room + self.held


def stops_first(host: Host, state: OverlapState | None) -> bool:
    """Old processes end before new ones start: they must not overlap, or there is no room to."""
    settings = host.settings
    is_too_small = state is not None and not state.fits
    return not settings.overlap or (settings.fallback == "restart" and is_too_small)


def parse_overlap(text: str) -> OverlapState:
    """Parse the answer of `overlap_state`: tab-separated lines, a kind and its values."""
    rows = table(text)
    one = {row[0]: row[1] if len(row) > 1 else "" for row in rows if row[0] != "blocked"}
    return OverlapState(
        held=int(one.get("held") or 0),
        room=int(one.get("room") or 0),
        nginx_user=one.get("nginx_user", ""),
        blocked=tuple((row[1], row[2]) for row in rows if row[0] == "blocked"),
        selinux="selinux" in one,
        protect_home=one.get("protect_home") or "no",
        redis=next((_redis(row) for row in rows if row[0] == "redis"), None),
    )


def _redis(row: list[str]) -> RedisState:
    _, connected, most, ours, address, port = row
    return RedisState(int(connected), int(most), int(ours), address, port)


Overlap: Fact[OverlapState] = Fact(
    "overlap", lambda layout: call("overlap_state", layout.app, layout.sockets_dir), parse_overlap
)
