"""Hosts on which the old code stops before the new code starts, and what that costs.

One way for `overlap: false` and for a host without the memory for both (`fallback: restart`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from deploy.facts.overlap import stops_first
from deploy.inventory.models import Host
from deploy.plan import Step
from deploy.steps import alone
from deploy.strategies.common import Part

P = TypeVar("P", bound=Part)


def fitting(jobs: Iterable[P]) -> tuple[P, ...]:
    """The jobs; where old and new code do not fit in together, the host is without overlap."""
    return tuple(
        job.on(_without_overlap(job.host)) if stops_first(job.host, job.facts.overlap) else job
        for job in jobs
    )


def _without_overlap(host: Host) -> Host:
    settings = host.settings.model_copy(update={"overlap": False})
    return host.model_copy(update={"settings": settings})


def in_turn(
    host: Host, run: str, live: Step, boot: Step, proof: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Pending first, so that whatever happens the old code comes back; then stop, then start."""
    return (
        *alone.leave_balancer(host),
        live,
        alone.stop_confirmed(host, run),
        boot,
        *proof,
        *alone.tell_failed(host),
        *alone.join_balancer(host),
    )


def warnings(jobs: Iterable[Part]) -> Iterator[str]:
    """What it costs, said before it is done; a first deploy costs nothing."""
    for job in jobs:
        host, releases = job.host, job.facts.releases
        if host.settings.overlap or not host.serves or not (releases and releases.confirmed):
            continue
        cost = "requests to this host fail until it answers again; they are counted"
        if alone.leave_balancer(host):
            cost = "the balancer is told to send nothing meanwhile"
        yield f"{host.name}: {_reason(job)}: the old code stops before the new code starts; {cost}"


def _reason(job: Part) -> str:
    overlap = job.facts.overlap
    if overlap is None or overlap.fits:
        return "overlap: false"
    return (
        f"new code beside the old needs {overlap.needed / 1024:.0f} MB, "
        f"and {overlap.room // 1024} MB are left"
    )
