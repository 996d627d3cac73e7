"""What every strategy begins with: the context of a host's scripts."""

from __future__ import annotations

from typing import Protocol, TypeVar

from deploy.facts.overlap import OverlapState
from deploy.facts.releases import ReleasesState
from deploy.inventory.layout import Layout, layout_for, releases_layout
from deploy.inventory.models import Environment, Host
from deploy.plan import Context
from deploy.shell import Argument, Call, Secret, call
from deploy.steps.files import describe_config
from deploy.steps.processes import describe_cluster
from deploy.steps.register import NO_REGISTER, register_for
from deploy.steps.switch import describe_releases

P = TypeVar("P", bound="Part")


class Known(Protocol):
    """What is known of a host."""

    @property
    def releases(self) -> ReleasesState | None:
        """Its releases; None where it has none."""

    @property
    def overlap(self) -> OverlapState | None:
        """Its room for two releases; None where nobody asked."""


class Part(Protocol):
    """One host's part in a switch."""

    @property
    def host(self) -> Host:
        """Who it is."""

    @property
    def facts(self) -> Known:
        """How it is."""

    @property
    def secrets(self) -> dict[str, Argument]:
        """Its secrets, by name."""

    def on(self: P, host: Host) -> P:
        """The same part, of a host with other settings."""


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
    release: str = "",
    revision: str = "",
) -> Context:
    """What the scripts of `host` begin with; with `stage`, they hold the stage lock.

    Where there are releases, they speak of `release`, else of the one that is confirmed. The
    journal gets to know the `revision` that the stage is on its way to.
    """
    layout = layout_for(environment, host)
    describe = (
        *describe_host(environment, host, model, values, release),
        *(describe_files(layout, run) if deployed_programs(host) else ()),
    )
    enter = call("enter_stage", layout.state, stage, run, STAGE_WAIT)
    back = Call(enter.verb, (*enter.arguments, "back"))
    target = (call("journal_target", revision, release),) if revision else ()
    return Context(
        calls=(*describe, enter, *target) if stage else describe,
        back=(*describe, back) if stage else (),
        path=(host.settings.node_bin,) if host.settings.node_bin else (),
        environment=values,
        stop=call("end_stage", layout.state, run) if stage else None,
    )


def deployed_programs(host: Host) -> list[str]:
    """The programs whose files go live with a release."""
    programs = host.settings.programs.items()
    return [name for name, program in programs if program.enabled and program.with_deploy]


def describe_files(layout: Layout, run: str) -> tuple[Call, ...]:
    """For those: a script of a run that returns a release puts its files back, too."""
    return describe_config(layout, run), *((call("guard_files"),) if run else ())


def describe_host(
    environment: Environment,
    host: Host,
    model: str,
    values: dict[str, Argument],
    release: str = "",
) -> tuple[Call, ...]:
    """What the verbs speak of on `host`: the app, its releases, and where the fleet decides."""
    layout = layout_for(environment, host)
    describe = describe_cluster(environment, host, layout, model)
    if environment.strategy != "releases":
        return (describe,)
    named = call("use_release", release) if release else call("use_confirmed")
    return (
        describe,
        describe_releases(host, releases_layout(environment, host)),
        call("describe_register", _register(environment, host, values)),
        named,
    )


def _register(environment: Environment, host: Host, values: dict[str, Argument]) -> Secret:
    """Where the fleet decides; scripts that only ask need no values, and do not decide."""
    return register_for(environment, host, values) if values else NO_REGISTER


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
