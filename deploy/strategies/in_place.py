"""The working tree as it stands: everything prepared beside it, then checkout, swap and reload."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from deploy.checks import Target
from deploy.facts.host import HostFacts
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, Host
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import Argument
from deploy.steps import code, processes
from deploy.strategies.common import host_context, host_environment
from deploy.strategies.configure import Files
from deploy.strategies.rollout import batches

BOOT_SECONDS = 30
"""Seconds that a worker may take to boot, on top of the health check's own limit."""


@dataclass(frozen=True, slots=True)
class Job:
    """One host's part: the host, what it is now, and its secrets."""

    host: Host
    facts: HostFacts
    secrets: dict[str, Argument]

    def on(self, host: Host) -> Job:
        """The same part, of a host with other settings."""
        return replace(self, host=host)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    environment: Environment
    target: Target
    run: str
    force: bool = False
    release: str = ""
    """Name of a release to go on with; empty: the run makes its own."""
    files: Files = field(default_factory=Files)
    """The files of programs that go live with it."""


def plan_in_place(request: Request, jobs: Iterable[Job]) -> Plan:
    """The plan for the hosts that do not already run the target, proved."""
    environment, target = request.environment, request.target
    behind = [job for job in jobs if not job.facts.proves(target.revision)]
    groups = batches(behind, environment.rollout.batches)
    stages = [
        Stage("prepare", _batch(behind, lambda job: _prepare(request, job))),
        _once(request, groups, {"before_boot", "before_switch"}),
        Stage(
            "activate",
            tuple(b for group in groups for b in _batch(group, lambda j: _activate(request, j))),
            environment.rollout.pause,
        ),
        _once(request, groups, {"after"}),
    ]
    return Plan(
        environment.name,
        "in_place",
        target.revision,
        tuple(stage for stage in stages if stage.batches),
        tuple(w for job in behind for w in _warnings(target, job)),
    )


def _batch(jobs: Iterable[Job], build: Callable[[Job], HostSteps]) -> tuple[Batch, ...]:
    hosts = tuple(build(job) for job in jobs)
    return (Batch(hosts),) if hosts else ()


def _prepare(request: Request, job: Job) -> HostSteps:
    layout = layout_for(request.environment, job.host)
    steps = code.prepare_code(
        request.environment.app, layout, request.target.revision, force=request.force
    )
    checks = request.files.checks(request.environment, job.host)
    return HostSteps(job.host.name, (*steps, *checks), _context(request, job, "prepare"))


def _once(request: Request, groups: tuple[tuple[Job, ...], ...], when: set[str]) -> Stage:
    """The commands of that moment, on the first host of the first batch."""
    wanted = [
        (number, one)
        for number, one in enumerate(request.environment.app.once, 1)
        if one.when in when
    ]
    name = "after" if "after" in when else "once"
    if not groups or not wanted:
        return Stage(name, ())
    job = groups[0][0]
    layout = layout_for(request.environment, job.host)
    revision = request.target.revision
    steps = tuple(code.run_once(layout, revision, number, one) for number, one in wanted)
    return Stage(name, (Batch((HostSteps(job.host.name, steps, _context(request, job, name)),)),))


def _activate(request: Request, job: Job) -> HostSteps:
    """Guard, checkout, swap, go live, proof: undone last first, so the processes go back last."""
    layout = layout_for(request.environment, job.host)
    revision = request.target.revision
    limit = request.environment.app.health.timeout + BOOT_SECONDS
    values = host_environment(request.environment, job.host, job.secrets)
    steps = (
        processes.guard_cluster(job.host, limit),
        code.checkout_tree(layout, revision, force=request.force),
        code.swap_outputs(layout, revision),
        processes.write_environment(values),
        *request.files.installs(request.environment, job.host),
        *_go_live(job.host, way_live(request.target, job.facts), limit),
        processes.prove_cluster(limit),
        processes.record_proof(revision, request.run, request.target.version),
    )
    return HostSteps(job.host.name, steps, _context(request, job, "activate"))


def way_live(target: Target, facts: HostFacts) -> Literal["start", "reload", "restart"]:
    """How the processes come to run the new code.

    A master never reads its own code or its environment again: when its version of ActionHero
    changes, or that does, it is restarted.
    """
    running = facts.cluster.workers or facts.cluster.masters
    if not running:
        return "start"
    if target.model != "processes" and _outlived(target, facts):
        return "restart"
    return "reload"


def _outlived(target: Target, facts: HostFacts) -> str:
    """What of a running master is not what it is to be; nothing when it may go on."""
    before = facts.cluster.installed
    if before and target.version and before != target.version:
        return f"ActionHero changes to {target.version}"
    return "its environment changes" if facts.environment is False else ""


def _go_live(host: Host, way: str, limit: int) -> tuple[Step, ...]:
    if way == "start":
        return (processes.start_cluster(limit),)
    if way == "restart":
        return (processes.stop_cluster(), processes.start_cluster(limit))
    return (processes.reload_cluster(host, limit),)


def _warnings(target: Target, job: Job) -> Iterable[str]:
    if way_live(target, job.facts) == "restart":
        yield (
            f"{job.host.name}: {_outlived(target, job.facts)}: the cluster is stopped and "
            "started, and requests fail meanwhile"
        )


def _context(request: Request, job: Job, stage: str) -> Context:
    values = host_environment(request.environment, job.host, job.secrets)
    return host_context(
        request.environment,
        job.host,
        request.target.model,
        values,
        stage=stage,
        run=request.run,
        revision=request.target.revision,
    )
