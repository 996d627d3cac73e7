"""Hooks woven into a plan of any strategy, and the plan of those that run when all is over.

What runs once or on the controller is a stage of its own; what runs on each host stands in that
host's own script, around the steps of its phase, so that it costs no round trip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.inventory.hooks import Hook
from deploy.inventory.layout import Layout, ReleasesLayout, layout_for
from deploy.inventory.models import Environment
from deploy.plan import CONTROLLER, Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import call
from deploy.steps import hooks
from deploy.strategies.common import STAGE_WAIT


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What hooks are told besides the plan."""

    environment: Environment
    run: str
    user: str
    directory: str
    """Where the deploy was started: local hooks work there."""
    previous: Mapping[str, str]
    """The revision that each host came from."""
    outcome: str = ""
    """How the run ended; empty before that."""


def weave_hooks(plan: Plan, about: Circumstances) -> Plan:
    """The plan with the inventory's hooks, but for after_finish; as it is where there are none."""
    weaver = _Weaver(plan, about)
    opening = next((s.name for s in plan.stages if s.name in ("register", "activate")), "")
    stages: list[Stage] = []
    for stage in plan.stages:
        if stage.name == "prepare":
            stages += weaver.stage("before_prepare")
        if stage.name == opening:
            stages += weaver.stage("before_activate")
        stages.append(weaver.around(stage))
        if stage.name == "prepare":
            stages += weaver.stage("after_prepare")
        if stage.name == "activate":
            stages += weaver.stage("after_activate")
            stages += weaver.stage("before_finish", on_hosts=True)
    return replace(plan, stages=tuple(stages))


def plan_last_hooks(plan: Plan, about: Circumstances, hosts: Sequence[str]) -> Plan:
    """The hooks after a run that ended as `about` tells, on those hosts; they only warn."""
    stages = _Weaver(plan, about, hosts).stage("after_finish", on_hosts=True)
    return Plan(plan.environment, "hooks", plan.revision, tuple(stages))


class _Weaver:
    """Builds the steps of hooks for the hosts of a plan, in the order in which they go live."""

    def __init__(
        self, plan: Plan, about: Circumstances, hosts: Sequence[str] | None = None
    ) -> None:
        self._plan = plan
        self._about = about
        every = [s for stage in plan.stages for batch in stage.batches for s in batch.hosts]
        live = [s for stage in plan.stages if stage.name == "activate" for s in _of(stage)]
        self._contexts = {s.host: s.context for s in (*every, *live) if s.host != CONTROLLER}
        names = dict.fromkeys(s.host for s in live)
        self._hosts = tuple(name for name in names if hosts is None or name in hosts)

    def stage(self, moment: str, *, on_hosts: bool = False) -> Iterator[Stage]:
        """A stage with a batch a hook; `on_hosts`: also for those that run on each host."""
        batches = [
            self._batch(moment, number, hook)
            for number, hook in self._hooks(moment)
            if on_hosts or not _is_everywhere(hook)
        ]
        if any(batch.hosts for batch in batches):
            yield Stage(moment, tuple(batch for batch in batches if batch.hosts))

    def around(self, stage: Stage) -> Stage:
        """The stage with what runs on each host before and after its steps there."""
        before, after = (
            [one for one in self._hooks(f"{side}_{stage.name}") if _is_everywhere(one[1])]
            for side in ("before", "after")
        )
        if stage.name not in ("prepare", "activate") or not (before or after):
            return stage

        def wrap(steps: HostSteps) -> HostSteps:
            first = [self._step(f"before_{stage.name}", *one, steps.host) for one in before]
            last = [self._step(f"after_{stage.name}", *one, steps.host) for one in after]
            told = (*steps.context.calls, hooks.describe_run(self._facts(steps.host)))
            context = replace(
                steps.context, calls=told, back=steps.context.back or steps.context.calls
            )
            return HostSteps(steps.host, (*first, *steps.steps, *last), context)

        batches = tuple(Batch(tuple(map(wrap, batch.hosts))) for batch in stage.batches)
        return replace(stage, batches=batches)

    def _hooks(self, moment: str) -> list[tuple[int, Hook]]:
        moments = self._about.environment.hooks
        return [*enumerate(getattr(moments, moment, ()), 1)]

    def _batch(self, moment: str, number: int, hook: Hook) -> Batch:
        if hook.where == "local":
            whom = self._hosts if hook.on == "each" else ("",)
            steps = tuple(self._step(moment, number, hook, host) for host in whom)
            return Batch((HostSteps(CONTROLLER, steps, self._local(moment)),) if steps else ())
        whom = self._hosts if hook.on == "each" else self._hosts[:1]
        return Batch(
            tuple(
                HostSteps(
                    host, (self._step(moment, number, hook, host),), self._remote(moment, host)
                )
                for host in whom
            )
        )

    def _step(self, moment: str, number: int, hook: Hook, host: str) -> Step:
        """DEPLOY_HOST is empty where a local hook runs once."""
        is_local = hook.where == "local"
        places = (self._about.directory,) if is_local else self._directories(host)
        on_failure = "warn" if moment == "after_finish" else hook.on_failure
        step = hooks.run_hook(moment, number, hook, host, places, on_failure)
        return replace(step, id=f"{step.id}_{host}") if is_local and host else step

    def _directories(self, host: str) -> tuple[str, ...]:
        """Where a hook works on a host: the release that is made, else the one that serves."""
        layout = self._layout(host)
        if isinstance(layout, ReleasesLayout):
            return (layout.release(self._plan.release_on(host)), layout.current, layout.root)
        return (layout.app,)

    def _layout(self, host: str) -> Layout:
        environment = self._about.environment
        return layout_for(environment, environment.hosts[host])

    def _remote(self, moment: str, host: str) -> Context:
        """As the host's other stages, with a stage lock of its own name."""
        return self._context(moment, self._layout(host).state, self._contexts[host], host)

    def _local(self, moment: str) -> Context:
        about = self._about
        state = f"{about.directory}/.deploy/local/{about.environment.name}"
        bare = Context(stop=call("end_stage", state, about.run))
        return self._context(moment, state, bare, self._hosts[0])

    def _context(self, moment: str, state: str, base: Context, host: str) -> Context:
        enter = call("enter_stage", state, moment, self._about.run, STAGE_WAIT)
        return replace(base, calls=(enter, hooks.describe_run(self._facts(host))), back=())

    def _facts(self, host: str) -> dict[str, str]:
        plan, about = self._plan, self._about
        facts = {
            "DEPLOY_RUN": about.run,
            "DEPLOY_ENVIRONMENT": about.environment.name,
            "DEPLOY_REVISION": plan.revision,
            "DEPLOY_PREVIOUS": about.previous.get(host, ""),
            "DEPLOY_RELEASE": plan.release_on(host),
            "DEPLOY_HOSTS": " ".join(self._hosts),
            "DEPLOY_USER": about.user,
        }
        return {**facts, "DEPLOY_OUTCOME": about.outcome} if about.outcome else facts


def _of(stage: Stage) -> Iterator[HostSteps]:
    for batch in stage.batches:
        yield from batch.hosts


def _is_everywhere(hook: Hook) -> bool:
    return hook.where == "remote" and hook.on == "each"
