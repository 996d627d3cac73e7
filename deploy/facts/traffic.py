"""What a host's nginx served around a run's cut-over, by its access log: second by second."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact, table
from deploy.inventory.layout import Layout
from deploy.inventory.models import Host
from deploy.shell import Call, call

SWITCHES = ("switch_live", "reload_cluster", "start_cluster", "guard_cluster")
"""Steps that change who answers; `guard_cluster` does in its undoing only."""
_UNDONE_ONLY = {"guard_cluster"}


@dataclass(frozen=True, slots=True)
class Switch:
    """A step that changed who answers."""

    at: int
    """Seconds since 1970, by the host's clock."""
    step: str
    event: str
    """`started`, `finished` or `undone`."""


@dataclass(frozen=True, slots=True)
class Row:
    """The requests of one span of `width` seconds."""

    at: int
    """Its begin: seconds since 1970, by the host's clock."""
    requests: int
    errors: int
    """Answers with 5xx."""
    median: int
    """Milliseconds."""
    slow: int
    """Milliseconds that a twentieth of the requests exceed."""


@dataclass(frozen=True, slots=True)
class TrafficState:
    """What one host's log told; empty where the run switched nothing."""

    switches: tuple[Switch, ...] = ()
    log: str = ""
    """`read`, `missing` or `unreadable`; empty where there was no switch."""
    width: int = 1
    """Seconds a row."""
    first: int = 0
    """From when on a log was read that is too long to be read from its beginning; else 0."""
    rows: tuple[Row, ...] = ()


def parse_traffic(text: str) -> TrafficState:
    """Parse the answer of `read_traffic`."""
    rows = table(text)
    words = {row[0]: row[1] for row in rows if len(row) == 2}
    switches = (Switch(int(row[1]), row[2], row[3]) for row in rows if row[0] == "switch")
    return TrafficState(
        tuple(one for one in switches if one.event == "undone" or one.step not in _UNDONE_ONLY),
        words.get("log", ""),
        int(words.get("width", 1)),
        int(words.get("first", 0)),
        tuple(Row(*map(int, row[1:])) for row in rows if row[0] == "row"),
    )


def traffic_log(host: Host) -> str:
    """The access log to read, the one of the gate or else the one in JSON; empty where none is."""
    nginx = host.settings.nginx
    logs = (nginx.access_log, nginx.access_log_json or "")
    return next((log for log in logs if host.serves and log.startswith("/")), "")


def traffic_fact(log: str, run: str) -> Fact[TrafficState]:
    """What `log` tells of the cut-over of `run`; to be asked when the run is over."""

    def ask(layout: Layout) -> Call:
        return call("read_traffic", layout.journal, run, log, *SWITCHES)

    return Fact("traffic", ask, parse_traffic)
