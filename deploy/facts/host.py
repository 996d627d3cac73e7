"""Everything that a deploy asks of one host, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from deploy.facts import Answer, Fact
from deploy.facts.cluster import Cluster, ClusterState
from deploy.facts.files import Config, ConfigState
from deploy.facts.machine import Machine, MachineState
from deploy.facts.overlap import Overlap, OverlapState
from deploy.facts.releases import Releases, ReleasesState
from deploy.facts.tree import Tree, TreeState
from deploy.inventory.layout import Layout, ReleasesLayout
from deploy.shell import Argument, Line, Secret, call, exports

Doubt: Fact[str] = Fact("doubt", lambda _: call("answers"), str.strip)
"""The first thing that speaks against the processes running the last checkout; empty: proved."""
ForeignFiles: Fact[tuple[str, ...]] = Fact(
    "foreign_files",
    lambda layout: call("foreign_files", layout.app),
    lambda text: tuple(text.splitlines()),
)


def environment_fact(values: Mapping[str, Argument]) -> Fact[bool]:
    """Whether the processes were given these values when they were deployed."""
    text = Secret("environment", exports(dict(values)))
    pairs = [word for pair in values.items() for word in pair]
    return Fact(
        "environment",
        lambda _: call("environment_state", text, *pairs),
        lambda said: said.strip() == "same",
    )


EnvironmentKept = environment_fact({})
"""Its answer is read whatever the values were."""


ACCESS_SECONDS = 20
"""Seconds that a host may take to read the list of the repository's branches."""


def git_access(url: str) -> Fact[str]:
    """Why the host cannot read the repository at `url`; empty when it can. Only `check` asks."""
    return Fact("git_access", lambda _: call("git_access", url, ACCESS_SECONDS), str.strip)


class Before(Protocol):
    """What a run has to know of a host for its records: what was there before it."""

    @property
    def head(self) -> str:
        """The revision that was there; empty where there was none."""

    @property
    def doubt(self) -> str | None:
        """What spoke against its serving; empty: it was proved; None: nobody asked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a rollback asks of a host, which is quick: where it stands, not how it is."""

    releases: ReleasesState
    doubt: str | None = None
    """Asked only where the release to go to is confirmed already."""
    overlap: OverlapState | None = None
    """Asked only where it decides on the way."""

    @property
    def head(self) -> str:
        """The revision that is confirmed."""
        name = self.releases.confirmed.name if self.releases.confirmed else ""
        return next((one.revision for one in self.releases.releases if one.name == name), "")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host as it is."""

    machine: MachineState
    cluster: ClusterState
    tree: TreeState
    doubt: str
    foreign_files: tuple[str, ...]
    releases: ReleasesState | None = None
    """None where the strategy keeps no releases."""
    overlap: OverlapState | None = None
    """The same."""
    config: ConfigState | None = None
    """The files that go live with a release; None where no program asks for it."""
    environment: bool | None = None
    """The processes were given the environment that they would be given now; None: nobody asked."""

    @property
    def head(self) -> str:
        """The revision that is checked out."""
        return self.tree.head

    @property
    def objection(self) -> str:
        """The first thing that speaks against the revision that is checked out; empty: proved."""
        if self.doubt or self.proves(self.tree.head):
            return self.doubt
        if self.releases and (why := self.releases.objection):
            return why
        if self.tree.dirty:
            return "files of the tree were changed"
        if self._was_proved(self.tree.head):
            return "its processes were not given the environment that the inventory has now"
        return "runs, but was never proved"

    def proves(self, revision: str) -> bool:
        """The revision is checked out, was proved, and nothing speaks against it now."""
        if self.doubt or self.tree.dirty or self.tree.head != revision:
            return False
        return self.environment is not False and self._was_proved(revision)

    def _was_proved(self, revision: str) -> bool:
        if self.releases:
            return self.releases.serves_what_is_confirmed
        return (
            self.cluster.proved.get("revision") == revision
            and self.cluster.activated.get("revision") == revision
        )


_FACTS: tuple[Fact[Any], ...] = (Machine, Cluster, Tree, Doubt, ForeignFiles)


RELEASES: tuple[Fact[Any], ...] = (Releases, Overlap)
"""What is asked where releases stand beside each other, or are going to."""


def fact_lines(layout: Layout) -> tuple[Line, ...]:
    """The questions as lines of a script that has the cluster's context."""
    facts = (*_FACTS, *RELEASES) if isinstance(layout, ReleasesLayout) else _FACTS
    return tuple(fact.line(layout) for fact in facts)


def read_facts(host: str, answers: Mapping[str, Answer]) -> HostFacts:
    """The answers, parsed. Raises DeployError naming the host and the fact."""
    return HostFacts(
        machine=Machine.read(host, answers),
        cluster=Cluster.read(host, answers),
        tree=Tree.read(host, answers),
        doubt=Doubt.read(host, answers),
        foreign_files=ForeignFiles.read(host, answers),
        releases=Releases.read(host, answers) if Releases.name in answers else None,
        overlap=Overlap.read(host, answers) if Overlap.name in answers else None,
        config=Config.read(host, answers) if Config.name in answers else None,
        environment=EnvironmentKept.read(host, answers)
        if EnvironmentKept.name in answers
        else None,
    )
