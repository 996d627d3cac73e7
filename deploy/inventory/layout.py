"""Every path on a host, derived in one place, so that no two rooms can disagree.

nginx's root, sockets, pidfiles and bind addresses all come from this object.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.inventory.models import Environment, Host

LONGEST_SOCKET = 100
"""Bytes of a socket's path: sun_path holds 108 with its NUL, and Node binds a cut-off name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Absolute paths of one app on one host (strategy `in_place`)."""

    app: str
    """The working tree that the processes run from."""
    sockets_dir: str
    """Where the unix sockets are that serve."""

    def socket(self, index: int = 0) -> str:
        """The unix socket of process `index`; a cluster has one, its workers share it."""
        return f"{self.sockets_dir}/{index}.sock"

    @property
    def state(self) -> str:
        """What this tool keeps beside the app; never part of the app's git tree."""
        return f"{self.app}/.deploy"

    @property
    def lock(self) -> str:
        """The environment's lock on this host: a flock, held by a session that hears heartbeats."""
        return f"{self.state}/lock"

    @property
    def lock_holder(self) -> str:
        """Who holds the environment's lock, in words."""
        return f"{self.state}/lock.holder"

    @property
    def stage_lock(self) -> str:
        """A flock that the work of a stage holds for its life."""
        return f"{self.state}/stage.lock"

    @property
    def stage_holder(self) -> str:
        """Which run and stage holds the stage lock."""
        return f"{self.state}/stage.holder"

    @property
    def history(self) -> str:
        """What was deployed here, one JSON object a line."""
        return f"{self.state}/history.jsonl"

    @property
    def journal(self) -> str:
        """What the steps of the last runs did here, one JSON object a line."""
        return f"{self.state}/journal.jsonl"

    @property
    def dependencies(self) -> str:
        """Installed packages, a directory a key."""
        return f"{self.state}/deps"

    @property
    def venvs(self) -> str:
        """Python's virtual environments, a directory a key."""
        return f"{self.state}/venvs"

    @property
    def prepared(self) -> str:
        """Trees made ready beside the live one, a directory a revision."""
        return f"{self.state}/prepared"

    @property
    def previous(self) -> str:
        """What the last activation moved out of the way; undo moves it back."""
        return f"{self.state}/previous"

    @property
    def env_file(self) -> str:
        """Environment of the app's processes, mode 0600."""
        return f"{self.state}/env"

    @property
    def log(self) -> str:
        """ActionHero's log directory."""
        return f"{self.app}/log"

    @property
    def master_log(self) -> str:
        """What the processes print, from the first line of their start."""
        return f"{self.log}/master.out"

    @property
    def pids(self) -> str:
        """ActionHero's directory of pidfiles."""
        return f"{self.app}/pids"

    @property
    def cluster_pidfile(self) -> str:
        """The cluster master's pidfile, in the directory that it was started from."""
        return f"{self.pids}/cluster_pidfile"

    @property
    def public(self) -> str:
        """Static files, served by nginx."""
        return f"{self.app}/public"


def layout_for(environment: Environment, host: Host) -> Layout:
    """The paths of the environment's app on `host`."""
    return make_layout(host.settings.path or environment.app.path, host.settings.sockets_dir)


def make_layout(app: str, sockets_dir: str | None = None) -> Layout:
    """The paths of an app in directory `app`, its sockets elsewhere where that is wanted."""
    return Layout(app=app, sockets_dir=sockets_dir or f"{app}/.deploy/sockets")
