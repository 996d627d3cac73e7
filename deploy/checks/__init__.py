"""Can this be deployed now? One rule a file; a rule looks at facts and yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from deploy.facts.host import HostFacts
from deploy.inventory.models import Environment, Host

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is going to be deployed, as the repository tells of it."""

    revision: str
    model: str
    """`startCluster`, `start cluster` or `processes`."""
    version: str
    """ActionHero's version in the app's lockfile; empty where there is none."""
    has_lockfile: bool
    has_package: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule looks at: one host, as it is, and what it is going to run."""

    environment: Environment
    host: Host
    facts: HostFacts
    target: Target
    force: bool = False
    """Local changes may be dropped."""
    fleet: Mapping[str, HostFacts] = field(default_factory=dict)
    """The facts of all hosts of this run, by name: for what they share."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: on which host, how grave, what it is, and how to mend it."""

    rule: str
    severity: Severity
    host: str
    message: str
    hint: str = ""


Problem = tuple[Severity, str, str]
"""Severity, what is wrong, how to mend it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look at before a deploy."""

    id: str
    why: str
    look: Callable[[Subject], Iterable[Problem]]

    def findings(self, subject: Subject) -> list[Finding]:
        """The problems of `subject`, under this rule's id and the host's name."""
        return [
            Finding(self.id, severity, subject.host.name, message, hint)
            for severity, message, hint in self.look(subject)
        ]
