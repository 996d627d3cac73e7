"""Steps that run hooks, and the facts of a deploy that these find in their environment."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.inventory.hooks import Hook
from deploy.plan import Step
from deploy.shell import Argument, Call, call, exports


def describe_run(facts: Mapping[str, str]) -> Call:
    """What every hook of a script is told; nothing of it is secret."""
    values: dict[str, Argument] = dict(facts)
    return call("describe_run", exports(values))


def run_hook(
    moment: str, number: int, hook: Hook, host: str, directories: tuple[str, ...], on_failure: str
) -> Step:
    """A hook, for `host` (empty: for all), in the first of `directories` that is there."""
    name = f"{moment}_{number}"
    one = call("run_hook", host, hook.run, hook.timeout, on_failure, *directories)
    return Step(name, f"{moment}: {hook.run}", one)
