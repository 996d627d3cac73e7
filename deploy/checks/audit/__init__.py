"""Is this production as it should be? One rule a file; a rule looks at the whole and yields places.

A rule says what is looked for, why, where that is known from, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deploy.facts.audit import AuditState
from deploy.facts.host import HostFacts
from deploy.facts.node import NodeState
from deploy.facts.queue_health import QueueHealth, WorkerHealth
from deploy.facts.queues import QueuesState
from deploy.inventory.models import Environment, Host

Severity = Literal["error", "warning", "notice"]
SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "error")
"""From the least."""


@dataclass(frozen=True, slots=True)
class HostScene:
    """One host that answered."""

    host: Host
    facts: HostFacts
    audit: AuditState
    node: NodeState


@dataclass(frozen=True, slots=True)
class RedisScene:
    """One redis, as a host of the fleet sees it."""

    host: str
    state: QueuesState
    queues: tuple[QueueHealth, ...]
    workers: tuple[WorkerHealth, ...]
    has_password: bool
    is_local: bool
    """Asked over the loopback."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that an audit looks at."""

    environment: Environment
    hosts: tuple[HostScene, ...] = ()
    redis: tuple[RedisScene, ...] = ()
    ssh_config: str = field(default="", repr=False)
    """The text of the inventory's ssh configuration."""

    @property
    def serving(self) -> Iterator[HostScene]:
        """The hosts whose role serves."""
        return (one for one in self.hosts if one.host.serves)

    @property
    def app_hosts(self) -> list[Host]:
        """The hosts of the inventory that run the app, asked or not."""
        return [host for host in self.environment.hosts.values() if host.runs_app]

    def has_program(self, *names: str) -> bool:
        """Some host of the inventory has one of these programs."""
        hosts = self.environment.hosts.values()
        return any(name in host.settings.programs for host in hosts for name in names)


Place = tuple[str, str, str]
"""Host (empty for the environment), where, and what is there."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found."""

    rule: AuditRule
    host: str
    place: str
    value: str

    @property
    def message(self) -> str:
        """One line: where, and what."""
        return f"{self.place}: {self.value}"


@dataclass(frozen=True, slots=True)
class AuditRule:
    """One thing to look for."""

    id: str
    what: str
    why: str
    source: str
    """Where that is known from."""
    severity: Severity
    mend: str
    before: str
    after: str
    look: Callable[[Scene], Iterable[Place]]

    def findings(self, scene: Scene) -> list[Found]:
        """All places in `scene` that are not as this rule wants them."""
        return [Found(self, *place) for place in self.look(scene)]


NOTES = "ActionHero's Production Notes"
MEASURED = "measured"
"""In place of a document: tried with real ActionHero, see docs/decisions.md."""


def count_severities(found: Iterable[Found]) -> Mapping[Severity, int]:
    """How many there are of each."""
    counts: dict[Severity, int] = dict.fromkeys(reversed(SEVERITIES), 0)
    for one in found:
        counts[one.rule.severity] += 1
    return counts
