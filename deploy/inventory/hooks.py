"""What an inventory says of commands of your own around the phases of a deploy."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from deploy.inventory.application import Model
from deploy.inventory.fields import Seconds
from deploy.inventory.values import CommandLine


class Hook(Model):
    """A command of your own at one moment of a deploy, with the deploy's facts as variables."""

    run: CommandLine
    """The command line, for `sh -c`."""
    where: Literal["local", "remote"] = "remote"
    """On the machine that deploys, or on the hosts."""
    on: Literal["once", "each"] = "once"
    """Once (remote: on the first host), or for each host that is deployed."""
    timeout: Seconds = 600
    """Seconds after which the command and all its children are ended."""
    on_failure: Literal["stop", "warn"] = "stop"
    """`stop` fails the deploy: every host goes back to the old code. `warn` goes on."""


class Hooks(Model):
    """Commands at the moments of a deploy or a rollback, in the order given."""

    before_prepare: tuple[Hook, ...] = ()
    """Before anything is fetched; not at a rollback, which prepares nothing."""
    after_prepare: tuple[Hook, ...] = ()
    """When the new code is ready on every host, and nothing live was touched."""
    before_activate: tuple[Hook, ...] = ()
    """Before new code goes live; with `on: each`, on a host just before it goes live there."""
    after_activate: tuple[Hook, ...] = ()
    """When it is live and proved; with `on: each`, on a host as soon as it is there."""
    before_finish: tuple[Hook, ...] = ()
    """Before it is final: the last moment at which a failure brings all hosts back."""
    after_finish: tuple[Hook, ...] = ()
    """When the run is over, however it ended: see DEPLOY_OUTCOME. It can only warn."""

    @model_validator(mode="after")
    def _has_nothing_to_stop_in_the_end(self) -> Hooks:
        said = [one for one in self.after_finish if "on_failure" in one.model_fields_set]
        if any(one.on_failure == "stop" for one in said):
            raise ValueError("after_finish has nothing to stop any more: on_failure can be warn")
        return self

    def at(self, moment: str) -> tuple[Hook, ...]:
        """The hooks of a moment, by its name."""
        found: tuple[Hook, ...] = getattr(self, moment)
        return found
