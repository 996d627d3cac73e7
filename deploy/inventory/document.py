"""The shape of an inventory file: settings for all at the top, then roles, then hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploy.inventory.auditing import Audit
from deploy.inventory.limits import Limits
from deploy.inventory.models import (
    App,
    Freeze,
    Hooks,
    Model,
    Notification,
    Register,
    Role,
    Rollout,
    Settings,
    Ssh,
)
from deploy.inventory.values import Name, Target


class Head(Model):
    """What belongs to the environment as a whole."""

    app: App
    """The application: where it comes from, where it lives, how it is made ready."""
    strategy: Literal["in_place", "releases"] = "releases"
    """How new code goes live: in the tree that is there, or as a release directory of its own."""
    keep_releases: Annotated[int, Field(gt=0)] = 5
    """Releases that served well and are kept for a way back (strategy `releases`)."""
    protected: bool = False
    """Ask for the environment's name before anything changes."""
    freeze: tuple[Freeze, ...] = ()
    """Spans of time in which nobody deploys without `--force`."""
    rollout: Rollout = Rollout.model_construct()
    """In which order hosts go."""
    decision: Register = Register.model_construct()
    """The redis in which all hosts decide together."""
    hooks: Hooks = Hooks.model_construct()
    """Commands of your own around the phases of a deploy."""
    notify: tuple[Notification, ...] = ()
    """Who is told how a deploy or a rollback goes."""
    ssh: Ssh = Ssh.model_construct()
    """How the hosts are reached."""
    audit: Audit = Audit.model_construct()
    """Findings of `invoke audit` that are known."""
    status: Limits = Limits.model_construct()
    """From where on `invoke status` speaks of a machine."""


class HostEntry(Settings):
    """A host as it is written; its settings lie over its roles'."""

    address: Target | None = None
    """Name or address that SSH connects to; else the host's own name."""
    roles: tuple[Name, ...] = ()
    """At least one, in the order in which their settings are laid over each other."""


class Document(Head, Settings):
    """An inventory file, or defaults.yml with the environment's file over it."""

    roles: dict[Name, Role] = Field(default={})
    """Kinds of hosts, by name."""
    hosts: Annotated[dict[Name, HostEntry], Field(min_length=1)]
    """Machines, by the name that `--limit` takes."""
