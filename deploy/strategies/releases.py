"""Release directories and the socket switch: all hosts are prepared, then all go live, or none.

What is switched is pending until the register says commit (PROTOCOL).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy.inventory.layout import releases_layout
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import Secret
from deploy.steps import register, releases, switch
from deploy.strategies.alone import fitting, in_turn, warnings
from deploy.strategies.common import Part, host_context, host_environment
from deploy.strategies.in_place import Job, Request
from deploy.strategies.rollout import batches


@dataclass(frozen=True, slots=True)
class Switch:
    """What goes live where: a release by name, on the hosts that are behind, in their order."""

    request: Request
    release: str
    jobs: tuple[Part, ...]
    is_new: bool = True
    """The release is made by this run; a rollback makes none, and prunes none."""
    names: Mapping[str, str] = field(default_factory=dict)
    """By host, where it is named otherwise: a mended skew's."""

    def name_on(self, job: Part) -> str:
        """The release's name on that host."""
        return self.names.get(job.host.name, self.release)

    @property
    def batches(self) -> tuple[tuple[Part, ...], ...]:
        """The canary first, then as the inventory says."""
        return batches(self.jobs, self.request.environment.rollout.batches)


def release_name(run: str, revision: str) -> str:
    """`20261123T141502Z-3f2a9c1`: the run's time and the revision's first digits."""
    return f"{run[:16]}-{revision[:7]}"


def plan_releases(request: Request, jobs: Iterable[Job]) -> Plan:
    """The plan for the hosts where the target is not confirmed and proved."""
    behind = fitting(job for job in jobs if not job.facts.proves(request.target.revision))
    name = request.release or release_name(request.run, request.target.revision)
    going = Switch(request, name, behind)
    stages = (
        _stage("prepare", going, going.jobs, _prepare),
        _once(going, {"before_boot"}),
        *switch_stages(going),
    )
    return switch_plan("releases", going, stages)


def switch_stages(going: Switch) -> tuple[Stage, ...]:
    """From a complete release on every host to a confirmed one: what a rollback does, too.

    The last stage before the hosts are confirmed is what proves the fleet.
    """
    before = (
        _activation(going),
        _once(going, {"after"}),
        _stage("decide", going, going.jobs[:1], _decide),
    )
    *earlier, last = [stage for stage in before if stage.batches] or before
    return (*earlier, replace(last, proves=True), _confirmation(going))


def switch_plan(strategy: str, going: Switch, stages: Iterable[Stage]) -> Plan:
    """What fails brings all hosts back at once: each asks the register."""
    register.check_registers({job.host.name: register_of(going, job) for job in going.jobs})
    return Plan(
        going.request.environment.name,
        strategy,
        going.request.target.revision,
        tuple(stage for stage in stages if stage.batches),
        tuple(warnings(going.jobs)),
        returns_at_once=True,
        release=going.release,
        other_names={host: name for host, name in going.names.items() if name != going.release},
    )


Build = Callable[[Switch, Part], tuple[Step, ...]]


def _stage(name: str, going: Switch, jobs: Sequence[Part], build: Build) -> Stage:
    hosts = tuple(_host(name, going, job, build) for job in jobs)
    return Stage(name, (Batch(hosts),) if any(one.steps for one in hosts) else ())


def _host(name: str, going: Switch, job: Part, build: Build) -> HostSteps:
    return HostSteps(job.host.name, build(going, job), context(going, job, name))


def _prepare(going: Switch, job: Part) -> tuple[Step, ...]:
    request, layout = going.request, releases_layout(going.request.environment, job.host)
    values = host_environment(request.environment, job.host, job.secrets)
    return (
        *releases.prepare_release(
            request.environment.app, layout, going.name_on(job), request.target.revision
        ),
        switch.equip_release(going.name_on(job), values),
        switch.install_watcher(job.host, context(going, job, "")),
        *request.files.checks(request.environment, job.host),
        *open_decision(going, job),
    )


def opening(going: Switch) -> Stage:
    """The same where there is nothing to prepare; meanwhile every host looks at what it has."""
    return _stage("register", going, going.jobs, _open)


def _open(going: Switch, job: Part) -> tuple[Step, ...]:
    watcher = switch.install_watcher(job.host, context(going, job, ""))
    return (watcher, *open_decision(going, job), check(going, job))


def check(going: Switch, job: Part) -> Step:
    """The release is whole."""
    layout = releases_layout(going.request.environment, job.host)
    return releases.check_release(layout, going.name_on(job))


def open_decision(going: Switch, job: Part) -> tuple[Step, ...]:
    """The fleet's decision is open before any host switches: the first host sees to it."""
    if job is not going.jobs[0] or not has_register(going, job):
        return ()
    return (register.open_register(going.request.run),)


def _decide(going: Switch, job: Part) -> tuple[Step, ...]:
    return (switch.decide_switch(going.request.run),) if has_register(going, job) else ()


def plan_forgetting(plan: Plan, run: str) -> Plan:
    """Nobody will ask for the run's decision again; for when every host is settled (rule 15)."""
    steps = (register.forget_register(run),)
    hosts = [
        replace(one, steps=steps)
        for stage in plan.stages
        for batch in stage.batches
        for one in batch.hosts
        if any(step.id == "open_register" for step in one.steps)
    ]
    return replace(plan, stages=(Stage("forget", (Batch(tuple(hosts)),)),) if hosts else ())


def has_register(going: Switch, job: Part) -> bool:
    """The fleet's decision is in redis; without it, hosts are only confirmed side by side."""
    return bool(register_of(going, job).value)


def register_of(going: Switch, job: Part) -> Secret:
    """Where the fleet decides, as that host reaches it; empty without a register."""
    environment = going.request.environment
    values = host_environment(environment, job.host, job.secrets)
    return register.register_for(environment, job.host, values)


def _activation(going: Switch) -> Stage:
    """By batches: boot, go live, prove, stand the gate."""
    rollout = going.request.environment.rollout
    groups = tuple(
        Batch(tuple(_host("activate", going, job, _activate) for job in group))
        for group in going.batches
    )
    return Stage("activate", groups, rollout.pause, rollout.max_failures)


def _activate(going: Switch, job: Part) -> tuple[Step, ...]:
    """A server boots before it goes live; a worker works once it boots, so it is pending first."""
    environment, host, run = going.request.environment, job.host, going.request.run
    limit = switch.health_seconds(environment)
    whole = (check(going, job),) if going.is_new else ()  # a rollback has looked before
    is_beside = host.serves and host.settings.overlap
    boot = switch.boot_release(going.name_on(job), limit, "" if is_beside else run)
    live = switch.switch_live(host, run, going.name_on(job))
    commands = _commands(going, job, {"before_switch"}) if job is going.jobs[0] else ()
    once = (*commands, *going.request.files.installs(environment, host))
    gate = environment.rollout.gate
    watch = (switch.watch_gate(host, gate),) if gate.seconds or gate.command else ()
    proof = (switch.prove_front(host, limit),) if switch.front(host) else ()
    if not host.settings.overlap:
        return (*whole, *once, *in_turn(host, run, live, boot, proof), *watch)
    if is_beside:
        return (*whole, boot, *once, live, *proof, *watch)
    return (*whole, *once, live, boot, *watch)


def _confirmation(going: Switch) -> Stage:
    """On all hosts at once. Without a register, what one host confirmed is not taken back."""
    stage = _stage("confirm", going, going.jobs, _confirm)
    is_final = bool(going.jobs) and not has_register(going, going.jobs[0])
    return Stage(stage.name, stage.batches, is_final=is_final)


def _confirm(going: Switch, job: Part) -> tuple[Step, ...]:
    confirm = switch.confirm_switch(job.host, going.request.run)
    if not going.is_new:
        return confirm, switch.end_strays()
    layout = releases_layout(going.request.environment, job.host)
    keep = going.request.environment.keep_releases
    return confirm, switch.end_strays(), releases.prune_releases(layout, keep)


def _once(going: Switch, when: set[str]) -> Stage:
    """The commands of that moment, on the first host of the first batch."""
    name = "after" if "after" in when else "once"
    return _stage(name, going, going.jobs[:1], lambda of, job: _commands(of, job, when))


def _commands(going: Switch, job: Part, when: set[str]) -> tuple[Step, ...]:
    environment = going.request.environment
    layout = releases_layout(environment, job.host)
    return tuple(
        releases.run_once(layout, going.name_on(job), number, one)
        for number, one in enumerate(environment.app.once, 1)
        if one.when in when
    )


def context(going: Switch, job: Part, stage: str) -> Context:
    """What a host's scripts begin with: they speak of the release that is going live."""
    environment = going.request.environment
    values = host_environment(environment, job.host, job.secrets)
    return host_context(
        environment,
        job.host,
        going.request.target.model,
        values,
        stage=_HELD.get(stage, stage),
        run=going.request.run,
        release=going.name_on(job),
        revision=going.request.target.revision,
    )


_HELD = {"decide": "activate", "confirm": "activate"}
"""Stages that nobody may cut off hold the stage lock as an activation does."""
