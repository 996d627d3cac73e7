"""Hosts that run the target already, but whose files with the release do not: these go, too."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from deploy.plan import Plan, Stage
from deploy.strategies.configure import plan_configure
from deploy.strategies.in_place import Request


def with_files_elsewhere(plan: Plan, request: Request, hosts: Collection[str]) -> Plan:
    """The plan, and the files of those of `hosts` that it leaves alone: checked before anything
    else, installed before code goes live anywhere, put back when that fails.

    They are no part of a switch, so that nothing arms them: when the run is killed, such a host
    ends what it has begun, as with `configure`.
    """
    concerned = {name for _, name, _ in plan.steps()}
    parts = [
        part
        for name, part in request.files.parts.items()
        if name in hosts and name not in concerned
    ]
    files = plan_configure(request.environment, parts, request.run, request.files.masks).stages
    if not files:
        return plan
    check, install = files
    before, after = _split(plan.stages)
    return replace(plan, stages=(check, *before, install, *after))


def is_files_only(plan: Plan) -> bool:
    """No code goes live by it."""
    return not any(stage.name == "activate" for stage in plan.stages)


def _split(stages: tuple[Stage, ...]) -> tuple[tuple[Stage, ...], tuple[Stage, ...]]:
    """What comes before code goes live, and that."""
    at = next((n for n, one in enumerate(stages) if one.name == "activate"), len(stages))
    return stages[:at], stages[at:]
