"""Starting, stopping, reloading and scaling what is already on the hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deploy.inventory.models import Environment, Host
from deploy.plan import Batch, HostSteps, Plan, Stage, Step
from deploy.shell import Argument
from deploy.steps import processes
from deploy.strategies.common import host_context, host_environment
from deploy.strategies.in_place import BOOT_SECONDS
from deploy.strategies.rollout import batches

Secrets = Mapping[str, dict[str, Argument]]
"""Each host's secrets, by the host's name."""
Build = Callable[[Environment, Host, dict[str, Argument]], tuple[Step, ...]]
"""An operation: the steps of one host, given its secrets."""


def plan_operation(
    environment: Environment,
    hosts: Sequence[Host],
    run: str,
    model: str,
    operation: str,
    secrets: Secrets,
) -> Plan:
    """The same steps on every host, by the environment's batches."""
    build = OPERATIONS[operation]

    def host_steps(host: Host) -> HostSteps:
        values = host_environment(environment, host, secrets[host.name])
        context = host_context(environment, host, model, values, stage="activate", run=run)
        return HostSteps(host.name, build(environment, host, secrets[host.name]), context)

    groups = batches(hosts, environment.rollout.batches)
    stage = Stage(operation, tuple(Batch(tuple(map(host_steps, group))) for group in groups))
    return Plan(environment.name, operation, "", (stage,))


def _reload(environment: Environment, host: Host, _secrets: object) -> tuple[Step, ...]:
    return processes.reload_cluster(host, _limit(environment)), _proof(environment)


def _start(environment: Environment, host: Host, secrets: dict[str, Argument]) -> tuple[Step, ...]:
    values = host_environment(environment, host, secrets)
    start = processes.start_cluster(_limit(environment))
    return processes.write_environment(values), start, _proof(environment)


def _stop(_environment: Environment, _host: Host, _secrets: object) -> tuple[Step, ...]:
    return (processes.stop_cluster(),)


def _restart(
    environment: Environment, host: Host, secrets: dict[str, Argument]
) -> tuple[Step, ...]:
    return processes.stop_cluster(), *_start(environment, host, secrets)


def _scale(environment: Environment, host: Host, _secrets: object) -> tuple[Step, ...]:
    if environment.strategy == "releases":
        return (
            processes.scale_release(
                processes.wanted_workers(environment, host), _limit(environment)
            ),
        )
    return (processes.scale_cluster(_limit(environment)),)


def _proof(environment: Environment) -> Step:
    return processes.prove_cluster(_limit(environment))


def _limit(environment: Environment) -> int:
    return environment.app.health.timeout + BOOT_SECONDS


OPERATIONS: dict[str, Build] = {
    "reload": _reload,
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "scale": _scale,
}
