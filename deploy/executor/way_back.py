"""The way back of hosts, from what they did, and what they have come to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from deploy import events
from deploy.executor.result import Result
from deploy.executor.stage import Outcome, undo_steps
from deploy.plan import Batch, HostSteps

GOING_BACK = "its way back is tried on a new connection"
UNTOUCHED = "nothing live was touched there; see that the host is up, then deploy again"
TAKEN = "nothing is put back while it works there; then see what runs with `invoke status`"
LOCK_LOST = "another run may hold it now; see who with `invoke status`, then run this again"
"""Hints: what comes next for a host that was lost, left, or whose lock is gone."""


def lost_lock(stage: str) -> events.HostFailed:
    """Nothing more is done once another run may hold a host."""
    return events.HostFailed("", stage, "the lock was lost", LOCK_LOST)


def next_for(goes_back: bool) -> str:
    """What comes next for a host whose connection was cut."""
    return GOING_BACK if goes_back else UNTOUCHED


def concerns(host: str, done: Sequence[Batch]) -> bool:
    """The host did something that can be undone."""
    return any(host in hosts_of(of(batch)) for batch in done)


def state_after(outcome: Outcome) -> str:
    """What a host has come to that was told to go back."""
    return state_of(outcome) if outcome.succeeded else "unknown"


def undoable(batch: Batch, outcomes: Mapping[str, Outcome]) -> Batch:
    """The hosts of a batch that did all of it; who failed has undone its part by itself."""
    return Batch(tuple(steps for steps in batch.hosts if outcomes[steps.host].succeeded))


def state_of(outcome: Outcome) -> str:
    """What a host that went back has come to; one that was told to go on instead says so."""
    if outcome.undo_failed:
        return "unknown"
    return "done" if outcome.values.get("state") == "new" else "old"


def hosts_of(batch: Batch) -> set[str]:
    """The names of a batch's hosts."""
    return {steps.host for steps in batch.hosts}


def of(batch: Batch) -> Batch:
    """What undoes the steps of a batch, on the hosts that have something to undo."""
    return Batch(tuple(steps for steps in map(undo_steps, batch.hosts) if steps.steps))


def merged(batches: Sequence[Batch]) -> Batch:
    """Each host's ways back, one behind the other, in one script."""
    merged: dict[str, HostSteps] = {}
    for steps in (steps for batch in batches for steps in batch.hosts):
        before = merged.get(steps.host)
        merged[steps.host] = (
            replace(steps, steps=(*before.steps, *steps.steps)) if before else steps
        )
    return Batch(tuple(merged.values()))


def tell_apart(result: Result, changed: Collection[str]) -> None:
    """Where nothing goes back, some hosts are done, some failed, and some were not reached."""
    failed = {failure.host for failure in result.failures}
    for host, state in result.hosts.items():
        if state == "old":
            reached = "done" if host in changed else "untouched"
            result.hosts[host] = "failed" if host in failed else reached
