"""An in-place tree becomes the first release: a deploy of what is checked out, and the old sockets.

Until it is confirmed, the in-place processes are kept, and the way back leads to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from deploy.errors import DeployError, ExitCode
from deploy.facts.overlap import stops_first
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, Host
from deploy.plan import HostSteps, Plan, Stage, Step
from deploy.steps.adoption import adopt_sockets, adopt_tree
from deploy.strategies.in_place import Job, Request
from deploy.strategies.releases import plan_releases

Edit = Callable[[Host, tuple[Step, ...]], tuple[Step, ...]]
"""The steps of one host in one stage, changed."""


def in_place(environment: Environment) -> Environment:
    """The environment as it was deployed before."""
    return environment.model_copy(update={"strategy": "in_place"})


def plan_adoption(request: Request, jobs: Iterable[Job]) -> Plan:
    """The plan for the hosts that have no release yet. Raises DeployError (usage)."""
    before = in_place(request.environment)
    behind = [job for job in jobs if not (job.facts.releases and job.facts.releases.confirmed)]
    refuse_alone(behind)

    def prepare(host: Host, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return (adopt_tree(before.app, host, layout_for(before, host)), *steps)

    def activate(host: Host, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        at = [step.id for step in steps].index("switch_live") + 1
        adoption = adopt_sockets(host, layout_for(before, host), request.run)
        return (*steps[:at], adoption, *steps[at:])

    edits: dict[str, Edit] = {"prepare": prepare, "activate": activate}
    plan = plan_releases(request, behind)
    stages = tuple(_edited(one, edits, before) for one in plan.stages)
    return replace(plan, strategy="adopt", stages=stages)


def refuse_alone(jobs: Iterable[Job]) -> None:
    """Raises DeployError: what cannot run twice cannot be kept for the way back."""
    alone = [job.host.name for job in jobs if stops_first(job.host, job.facts.overlap)]
    if alone:
        raise DeployError(
            f"{', '.join(alone)}: old and new code cannot run together "
            "(overlap: false, or no memory for both)",
            hint="stop the app there, move the tree away, and deploy; or adopt with overlap: true",
            exit_code=ExitCode.USAGE,
        )


def _edited(stage: Stage, edits: dict[str, Edit], environment: Environment) -> Stage:
    if stage.name not in edits:
        return stage

    def edited(one: HostSteps) -> HostSteps:
        return replace(one, steps=edits[stage.name](environment.hosts[one.host], one.steps))

    batches = tuple(
        replace(batch, hosts=tuple(map(edited, batch.hosts))) for batch in stage.batches
    )
    return replace(stage, batches=batches)
