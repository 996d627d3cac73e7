"""What an earlier run left pending: settled before anything else, with all hosts' locks held.

PROTOCOL rules 3 and 13.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.facts.releases import ReleasesState
from deploy.inventory.models import Environment, Host
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.steps import switch

Contexts = Mapping[str, Context]
"""What each host's scripts begin with."""


def unsettled(facts: Mapping[str, ReleasesState]) -> tuple[str, ...]:
    """The runs that left a release pending on some host, in the order of their names."""
    return tuple(sorted({state.pending.run for state in facts.values() if state.pending}))


def plan_settling(
    environment: Environment,
    hosts: Sequence[Host],
    facts: Mapping[str, ReleasesState],
    contexts: Contexts,
    run: str,
) -> Plan:
    """Each host asks that run's register, and obeys it."""
    steps = {host.name: switch.settle_switch(host, run) for host in _pending(hosts, facts, run)}
    return _plan(environment, (_stage("settle", steps, contexts),))


def plan_freezing(
    environment: Environment,
    hosts: Sequence[Host],
    facts: Mapping[str, ReleasesState],
    contexts: Contexts,
    run: str,
) -> Plan:
    """The register is lost: no watcher and no late message settles that run any more."""
    steps = {host.name: switch.freeze_switch(run) for host in _pending(hosts, facts, run)}
    return _plan(environment, (_stage("freeze", steps, contexts),))


def plan_resuming(
    environment: Environment,
    hosts: Sequence[Host],
    facts: Mapping[str, ReleasesState],
    contexts: Contexts,
    run: str,
) -> Plan:
    """Frozen hosts, asked since: confirm all where any host is confirmed, else return all."""
    is_confirmed = any(s.confirmed and s.confirmed.run == run for s in facts.values())
    outcome = "confirm" if is_confirmed else "return"
    steps = {
        host.name: switch.resume_switch(host, run, outcome) for host in _pending(hosts, facts, run)
    }
    return _plan(environment, (_stage("resume", steps, contexts),))


def _pending(
    hosts: Sequence[Host], facts: Mapping[str, ReleasesState], run: str
) -> tuple[Host, ...]:
    return tuple(
        host
        for host in hosts
        if (pending := facts[host.name].pending) is not None and pending.run == run
    )


def _stage(name: str, steps: Mapping[str, Step], contexts: Contexts) -> Stage:
    return Stage(
        name,
        (Batch(tuple(HostSteps(host, (step,), contexts[host]) for host, step in steps.items())),),
    )


def _plan(environment: Environment, stages: tuple[Stage, ...]) -> Plan:
    return Plan(environment.name, "settle", "", stages)
