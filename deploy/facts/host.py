"""Everything that a deploy asks of one host, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.facts import Answer, Fact
from deploy.facts.cluster import Cluster, ClusterState
from deploy.facts.machine import Machine, MachineState
from deploy.facts.tree import Tree, TreeState
from deploy.inventory.layout import Layout
from deploy.shell import Line, call

Doubt: Fact[str] = Fact("doubt", lambda _: call("answers"), str.strip)
"""The first thing that speaks against the processes running the last checkout; empty: proved."""
ForeignFiles: Fact[tuple[str, ...]] = Fact(
    "foreign_files",
    lambda layout: call("foreign_files", layout.app),
    lambda text: tuple(text.splitlines()),
)


ACCESS_SECONDS = 20
"""Seconds that a host may take to read the list of the repository's branches."""


def git_access(url: str) -> Fact[str]:
    """Why the host cannot read the repository at `url`; empty when it can. Only `check` asks."""
    return Fact("git_access", lambda _: call("git_access", url, ACCESS_SECONDS), str.strip)


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host as it is."""

    machine: MachineState
    cluster: ClusterState
    tree: TreeState
    doubt: str
    foreign_files: tuple[str, ...]

    @property
    def objection(self) -> str:
        """The first thing that speaks against the revision that is checked out; empty: proved."""
        if self.doubt or self.proves(self.tree.head):
            return self.doubt
        return "files of the tree were changed" if self.tree.dirty else "runs, but was never proved"

    def proves(self, revision: str) -> bool:
        """The revision is checked out, was proved, and nothing speaks against it now."""
        return (
            not self.doubt
            and not self.tree.dirty
            and self.tree.head == revision
            and self.cluster.proved.get("revision") == revision
            and self.cluster.activated.get("revision") == revision
        )


_FACTS: tuple[Fact[object], ...] = (Machine, Cluster, Tree, Doubt, ForeignFiles)  # type: ignore[assignment]


def fact_lines(layout: Layout) -> tuple[Line, ...]:
    """The questions as lines of a script that has the cluster's context."""
    return tuple(fact.line(layout) for fact in _FACTS)


def read_facts(host: str, answers: Mapping[str, Answer]) -> HostFacts:
    """The answers, parsed. Raises DeployError naming the host and the fact."""
    return HostFacts(
        machine=Machine.read(host, answers),
        cluster=Cluster.read(host, answers),
        tree=Tree.read(host, answers),
        doubt=Doubt.read(host, answers),
        foreign_files=ForeignFiles.read(host, answers),
    )
