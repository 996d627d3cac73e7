"""The shape of an inventory file: settings for all at the top, then roles, then hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploy.inventory.models import App, Freeze, Model, Role, Rollout, Settings, Ssh
from deploy.inventory.values import Name, Target


class Head(Model):
    """What belongs to the environment as a whole."""

    app: App
    """The application: where it comes from, where it lives, how it is made ready."""
    strategy: Literal["in_place"] = "in_place"
    """How new code goes live."""
    protected: bool = False
    """Ask for the environment's name before anything changes."""
    freeze: tuple[Freeze, ...] = ()
    """Spans of time in which nobody deploys without `--force`."""
    rollout: Rollout = Rollout.model_construct()
    """In which order hosts go."""
    ssh: Ssh = Ssh.model_construct()
    """How the hosts are reached."""


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
