"""Every path on a host, derived in one place, so that no two rooms can disagree.

nginx's root, sockets, pidfiles and bind addresses all come from this object.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.inventory.models import Environment, Host

LONGEST_SOCKET = 100
"""Bytes of a socket's path: sun_path holds 108 with its NUL, and Node binds a cut-off name."""
LONGEST_RELEASE = 25
"""Bytes of a release's name, at most: 20261123T141502Z-3f2a9c1 has 24."""


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

    def longest_socket(self, index: int) -> str:
        """The longest path that the socket of process `index` is ever bound to."""
        return self.socket(index)

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
    def maintenance(self) -> str:
        """What closes the site, for nginx to see: `on`, and `friends/ADDRESS` that passes."""
        return f"{self.state}/maintenance"

    def config(self, tree: str) -> str:
        """A tree that `configure` keeps: `new`, `trial` or `installed`; rules for sudo name it."""
        return f"{self.state}/config/{tree}"

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


@dataclass(frozen=True, slots=True)
class ReleasesLayout(Layout):
    """The same for strategy `releases`: `app` is the directory that holds all of them.

    What belongs to one release (pids, log, env_file, its own sockets) is asked of `inside(name)`.
    """

    @property
    def root(self) -> str:
        """The directory that holds the releases and everything that outlives them."""
        return self.app

    @property
    def mirror(self) -> str:
        """The bare repository that releases are made from."""
        return f"{self.root}/repo.git"

    def release(self, name: str) -> str:
        """A complete release."""
        return f"{self.root}/releases/{name}"

    def partial(self, name: str) -> str:
        """The same while it is being made."""
        return f"{self.release(name)}.partial"

    def inside(self, name: str) -> Layout:
        """The paths of a release's own, as those of a tree that processes run from."""
        return Layout(app=self.release(name), sockets_dir=self.sockets_of(name))

    @property
    def current(self) -> str:
        """A link to the release that serves."""
        return f"{self.root}/current"

    @property
    def previous(self) -> str:
        """A link to the release that served before it."""
        return f"{self.root}/previous"

    @property
    def shared(self) -> str:
        """What outlives a release; releases link into it."""
        return f"{self.root}/shared"

    @property
    def dependencies(self) -> str:
        """Installed packages, a directory a key."""
        return f"{self.shared}/deps"

    @property
    def venvs(self) -> str:
        """Python's virtual environments, a directory a key."""
        return f"{self.shared}/venvs"

    @property
    def log(self) -> str:
        """ActionHero's log directory, the same for every release."""
        return f"{self.shared}/log"

    def sockets_of(self, name: str) -> str:
        """The directory of a release's sockets, which its processes listen on."""
        return f"{self.sockets_dir}/{name}"

    @property
    def live(self) -> str:
        """A link to the directory of sockets that nginx connects through."""
        return self.sockets_of("live")

    def socket(self, index: int = 0) -> str:
        """What nginx connects to; no process listens on it under this name."""
        return f"{self.live}/{index}.sock"

    @property
    def standby(self) -> str:
        """A link to the sockets of the confirmed release, while another one is pending."""
        return self.sockets_of("standby")

    def standby_socket(self, index: int = 0) -> str:
        """What nginx connects to when `socket` refuses."""
        return f"{self.standby}/{index}.sock"

    def longest_socket(self, index: int) -> str:
        """A process binds the socket of its release, whose name is longer than `live`."""
        return self.inside("x" * LONGEST_RELEASE).socket(index)

    @property
    def public(self) -> str:
        """Static files of the release that serves."""
        return f"{self.current}/public"

    @property
    def previous_public(self) -> str:
        """Those of the release before it: pages that clients still show name their files."""
        return f"{self.previous}/public"


def layout_for(environment: Environment, host: Host) -> Layout:
    """The paths of the environment's app on `host`, by its strategy."""
    path = host.settings.path or environment.app.path
    return make_layout(path, host.settings.sockets_dir, environment.strategy)


def releases_layout(environment: Environment, host: Host) -> ReleasesLayout:
    """The same where the strategy is known to be `releases`."""
    path = host.settings.path or environment.app.path
    return _make_releases(path, host.settings.sockets_dir)


def make_layout(app: str, sockets_dir: str | None = None, strategy: str = "releases") -> Layout:
    """The paths of an app in directory `app`, its sockets elsewhere where that is wanted."""
    if strategy == "releases":
        return _make_releases(app, sockets_dir)
    return Layout(app=app, sockets_dir=sockets_dir or f"{app}/.deploy/sockets")


def _make_releases(root: str, sockets_dir: str | None) -> ReleasesLayout:
    return ReleasesLayout(app=root, sockets_dir=sockets_dir or f"{root}/shared/sockets")
