"""What every strategy begins with: the context of a host's scripts."""

from __future__ import annotations

from deploy.inventory.layout import Layout, layout_for
from deploy.inventory.models import Environment, Host
from deploy.plan import Context
from deploy.shell import Argument, Call, call
from deploy.steps.processes import describe_cluster

STAGE_WAIT = 120
"""Seconds to wait for an activation that a vanished controller left running."""


def host_context(
    environment: Environment,
    host: Host,
    model: str,
    values: dict[str, Argument],
    *,
    stage: str = "",
    run: str = "",
) -> Context:
    """What the scripts of `host` begin with; with `stage`, they hold the stage lock."""
    layout = layout_for(environment, host)
    describe = describe_cluster(environment, host, layout, model)
    enter = call("enter_stage", layout.state, stage, run, STAGE_WAIT)
    back = Call(enter.verb, (*enter.arguments, "back"))
    return Context(
        calls=(describe, enter) if stage else (describe,),
        back=(describe, back) if stage else (),
        path=(host.settings.node_bin,) if host.settings.node_bin else (),
        environment=values,
        stop=call("end_stage", layout.state, run) if stage else None,
    )


def host_environment(
    environment: Environment, host: Host, secrets: dict[str, Argument]
) -> dict[str, Argument]:
    """The environment of the app's processes and commands on `host`."""
    return {
        "NODE_ENV": "production",
        "ACTIONHERO_ROLE": host.role,
        "DEPLOY_ENVIRONMENT": environment.name,
        **host.settings.env,
        **secrets,
    }


def layouts(environment: Environment, hosts: tuple[Host, ...]) -> dict[str, Layout]:
    """Each host's layout, by name."""
    return {host.name: layout_for(environment, host) for host in hosts}
