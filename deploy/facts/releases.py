"""Which releases a host has, and what its records say of the switch between them."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact, table
from deploy.shell import call


@dataclass(frozen=True, slots=True)
class Release:
    """A release directory on one host."""

    name: str
    revision: str
    """Full commit; empty where a cut-off run left a release without its manifest."""
    is_complete: bool
    """It may be started; else a cut-off run left it."""
    was_proved: bool
    """It served well at some time."""
    was_withdrawn: bool = False
    """The fleet went back from it to an older one, and not to it again."""

    @property
    def is_way_back(self) -> bool:
        """It can be started again, and is known to serve."""
        return self.is_complete and self.was_proved


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The release that the fleet decided for, and the run that brought it."""

    name: str
    run: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A switch that is not decided, or was not, at the time of the question."""

    run: str
    release: str
    incarnation: str
    """Redis's, as it was when the run opened its register; empty without redis."""


@dataclass(frozen=True, slots=True)
class ReleasesState:
    """The releases of one host and its records of the switch."""

    releases: tuple[Release, ...] = ()
    """By name, the oldest first."""
    confirmed: Confirmed | None = None
    pending: Pending | None = None
    returned: Pending | None = None
    """The last switch that was taken back."""
    fence: str = ""
    """The run that was last granted this host's lock; empty before the first."""
    current: str = ""
    """Name of the release that `current` leads to."""
    previous: str = ""
    live: str = ""
    """Name of the release whose sockets nginx connects to."""
    frozen: bool = False
    """Watchers and messages do nothing until a controller decided."""
    left: bool = False
    """The balancer was told to send nothing to this host, and not yet that it is back."""
    in_place: bool = False
    """The directory is a working tree that was deployed in place, and is not adopted."""

    @property
    def serves_what_is_confirmed(self) -> bool:
        """Nothing is pending, and requests reach the release that the fleet decided for."""
        return not self.objection

    @property
    def objection(self) -> str:
        """What speaks against requests reaching the release that the fleet decided for."""
        if self.pending:
            return f"{self.pending.release} is pending: run {self.pending.run} is not settled"
        if not self.confirmed:
            return "no release is confirmed"
        for link, leads_to in (("sockets/live", self.live), ("current", self.current)):
            if leads_to != self.confirmed.name:
                return f"{link} leads to {leads_to or 'nothing'}, not to {self.confirmed.name}"
        return "the balancer was not told that this host is back" if self.left else ""

    def describe(self, release: Release) -> str:
        """What a release is to this host, in words."""
        if not release.is_complete:
            return "unfinished"
        if self.pending and self.pending.release == release.name:
            return "pending"
        if self.confirmed and self.confirmed.name == release.name:
            return "confirmed"
        if release.was_withdrawn:
            return "rolled back from"
        return "proved before" if release.was_proved else "never served"

    def find(self, name: str) -> Release | None:
        """The complete release of that name."""
        return next((r for r in self.releases if r.name == name and r.is_complete), None)


def parse_releases(text: str) -> ReleasesState:
    """Parse the answer of `releases_state`: tab-separated lines, a kind and its values."""
    rows = table(text)
    one = {row[0]: row[1:] for row in rows if row[0] != "release"}
    return ReleasesState(
        releases=tuple(_release(row) for row in rows if row[0] == "release"),
        confirmed=_confirmed(one.get("confirmed")),
        pending=_pending(one.get("pending")),
        returned=_pending(one.get("returned")),
        **{key: one.get(key, [""])[0] for key in ("fence", "current", "previous", "live")},
        frozen="frozen" in one,
        left="left" in one,
        in_place="in_place" in one,
    )


def _release(row: list[str]) -> Release:
    _, name, revision, kind, trust = row
    return Release(name, revision, kind == "complete", trust != "never", trust == "withdrawn")


def _confirmed(values: list[str] | None) -> Confirmed | None:
    return Confirmed(name=values[1], run=values[0]) if values else None


def _pending(values: list[str] | None) -> Pending | None:
    return Pending(*values) if values else None


Releases: Fact[ReleasesState] = Fact(
    "releases",
    lambda layout: call("releases_state", layout.app, layout.sockets_dir),
    parse_releases,
)
