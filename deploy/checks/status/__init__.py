"""What stands out in a fleet as it is: pure rules over facts; their one table is in `rules`.

A finding makes `invoke status` end with 1; a note is only told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deploy.errors import DeployError
from deploy.facts import Answer
from deploy.facts.cluster import Process
from deploy.facts.host import HostFacts, read_facts
from deploy.facts.look import Look, LookState
from deploy.facts.records import Deploys, Holder, LastDeploy, Lock
from deploy.inventory.models import Environment, Host

Severity = Literal["finding", "note"]
TICKS = 100
"""Of the clock that a process's start is told in, a second (proc(5), USER_HZ)."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Files of a host's programs that are not as `configure` would have them."""

    files: tuple[tuple[str, str], ...] = ()
    """Destination, and what is with it, in words."""
    fault: str = ""
    """Why that is not known."""
    is_asked: bool = False
    """False where no program of the host has files."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One host that answered."""

    host: Host
    facts: HostFacts
    look: LookState
    lock: Holder | None = None
    last: LastDeploy | None = None
    drift: Drift = field(default_factory=Drift)

    @property
    def name(self) -> str:
        """The host's."""
        return self.host.name

    def seconds(self, process: Process) -> int:
        """How long a process has run."""
        return max(0, self.facts.cluster.now - process.start) // TICKS

    @property
    def unnamed(self) -> tuple[Process, ...]:
        """Masters and workers that no pidfile names."""
        cluster = self.facts.cluster
        named = {one.process.pid for one in cluster.pidfiles if one.process}
        every = {one.pid: one for one in (*cluster.masters, *cluster.workers)}
        return tuple(one for pid, one in every.items() if pid not in named)


@dataclass(frozen=True, slots=True)
class Silent:
    """One host that gave no answer, or none that can be read."""

    host: Host
    error: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FleetView:
    """All hosts at one time, in the inventory's order."""

    environment: Environment
    hosts: tuple[Seen | Silent, ...]

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Those that answered."""
        return tuple(one for one in self.hosts if isinstance(one, Seen))

    @property
    def heads(self) -> Mapping[str, str]:
        """The revision of each host that has one."""
        return {one.name: one.facts.head for one in self.seen if one.facts.head}

    @property
    def common(self) -> str:
        """The revision that most hosts are at; empty where there is none, or no one is ahead."""
        counts = Counter(self.heads.values()).most_common(2)
        if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
            return ""
        return counts[0][0]

    def task(self, words: str, host: str = "") -> str:
        """A command line of ours, for this environment and host."""
        limit = f" --limit {host}" if host else ""
        return f"invoke {words} --env {self.environment.name}{limit}"


Trouble = tuple[str, str]
"""What it is, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule found something."""

    host: str
    """Whose it is; empty: the fleet's."""
    what: str
    mend: str
    marked: tuple[str, ...] = ()
    """Hosts whose cells are marked, where it is the fleet's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: StatusRule
    place: Place

    def concerns(self, host: str, column: str) -> bool:
        """That cell is to be marked."""
        return column == self.rule.column and host in (self.place.host, *self.place.marked)


@dataclass(frozen=True, slots=True)
class StatusRule:
    """One thing that may stand out."""

    id: str
    severity: Severity
    column: str
    """Whose cells are marked."""
    look: Callable[[FleetView], Iterable[Place]]


HostLook = Callable[[FleetView, Seen], Iterable[Trouble]]


def each(look: HostLook) -> Callable[[FleetView], Iterator[Place]]:
    """A rule of one host as a rule of the fleet."""

    def look_at_all(fleet: FleetView) -> Iterator[Place]:
        for one in fleet.seen:
            for what, mend in look(fleet, one):
                yield Place(one.name, what, mend)

    return look_at_all


def read_host(host: Host, answers: Mapping[str, Answer], drift: Drift) -> Seen | Silent:
    """What a host said; where it could not tell, why not."""
    try:
        return Seen(
            host=host,
            facts=read_facts(host.name, answers),
            look=Look.read(host.name, answers),
            lock=Lock.read(host.name, answers),
            last=Deploys.read(host.name, answers),
            drift=drift,
        )
    except DeployError as error:
        return silent(host, error)


def silent(host: Host, error: DeployError) -> Silent:
    """A host as the error tells of it."""
    where = f"{error.step}: " if error.step else ""
    return Silent(host, f"{where}{error.message}", error.hint)
