"""The way back to an earlier release: the same switch, with nothing to prepare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from deploy.errors import DeployError, ExitCode
from deploy.facts.host import Standing
from deploy.facts.releases import Release, ReleasesState
from deploy.inventory.models import Host
from deploy.plan import Plan
from deploy.shell import Argument
from deploy.strategies.alone import fitting
from deploy.strategies.in_place import Request
from deploy.strategies.releases import Switch, opening, switch_plan, switch_stages


@dataclass(frozen=True, slots=True)
class WayBack:
    """A revision to go back to, and the release of it that each host has.

    Names differ where a skew was mended: hosts got that revision by different runs.
    """

    revision: str
    names: Mapping[str, str]
    """By host."""

    @property
    def name(self) -> str:
        """The newest of them."""
        return max(self.names.values())


@dataclass(frozen=True, slots=True)
class Returning:
    """One host's part: the host, where it stands, and its secrets."""

    host: Host
    facts: Standing
    secrets: dict[str, Argument]

    def on(self, host: Host) -> Returning:
        """The same part, of a host with other settings."""
        return replace(self, host=host)


def plan_rollback(request: Request, parts: Iterable[Returning], way: WayBack) -> Plan:
    """The plan for the hosts where that release is not confirmed, or something is against it."""
    behind = fitting(
        part
        for part in parts
        if part.facts.releases.confirmed
        and (not is_confirmed(part.facts.releases, way.names[part.host.name]) or part.facts.doubt)
    )
    going = Switch(at_once(request), way.name, behind, is_new=False, names=way.names)
    return switch_plan("rollback", going, (opening(going), *switch_stages(going)))


def at_once(request: Request) -> Request:
    """A release that served is no canary and stands no gate, unless the inventory says so."""
    environment, rollout = request.environment, request.environment.rollout
    if "rollout.gate.seconds" not in environment.origins:
        gate = rollout.gate.model_copy(update={"seconds": 0})
        rollout = rollout.model_copy(update={"gate": gate})
    if "rollout.batches" not in environment.origins:
        rollout = rollout.model_copy(update={"batches": ("100%",)})
    return replace(request, environment=environment.model_copy(update={"rollout": rollout}))


def is_confirmed(state: ReleasesState, release: str) -> bool:
    """The host is on that release already."""
    return state.confirmed is not None and state.confirmed.name == release


def choose_release(states: Mapping[str, ReleasesState], wanted: str) -> WayBack:
    """The release that is named (by its name, or how it ends), else the newest before today's that
    nobody rolled back from.

    Every host has a complete one of its revision that was confirmed there. Raises DeployError
    (usage) with what there is.
    """
    ways = {host: [r for r in state.releases if r.is_way_back] for host, state in states.items()}
    if wanted:
        found = [one for one in _common(ways) if _matches(one, ways, wanted)]
    else:
        found = _common({host: _earlier(states[host], those) for host, those in ways.items()})
    if not found:
        there = ", ".join(one.name for one in _common(ways))
        raise DeployError(
            f"no release {wanted!r} to go back to" if wanted else "no release to go back to",
            hint="on every host, and proved: " + (there or "none"),
            exit_code=ExitCode.USAGE,
        )
    best = max(found, key=lambda one: one.name)
    return replace(best, names={**best.names, **_named(best, ways, wanted)})


def _common(ways: Mapping[str, list[Release]]) -> list[WayBack]:
    """The revisions of which every host has a release, the newest there; the oldest first."""
    each = {host: {r.revision: r.name for r in those} for host, those in ways.items()}
    revisions = set.intersection(*(set(one) for one in each.values())) if each else set()
    found = [WayBack(one, {host: names[one] for host, names in each.items()}) for one in revisions]
    return sorted(found, key=lambda one: one.name)


def _earlier(state: ReleasesState, those: list[Release]) -> list[Release]:
    """Those that are older than what the host serves, and were not found wanting."""
    confirmed = state.confirmed
    return [r for r in those if confirmed and r.name < confirmed.name and not r.was_withdrawn]


def _matches(way: WayBack, ways: Mapping[str, list[Release]], wanted: str) -> bool:
    """A release of that revision is named so on some host."""
    return bool(_named(way, ways, wanted))


def _named(way: WayBack, ways: Mapping[str, list[Release]], wanted: str) -> dict[str, str]:
    """By host, the newest release of that revision that is named so."""
    return {
        host: one.name
        for host, those in ways.items()
        for one in those
        if wanted and one.revision == way.revision
        if one.name == wanted or one.name.endswith(f"-{wanted}")
    }
