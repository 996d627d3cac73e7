"""What of ActionHero runs on a host that no inventory describes yet."""

from __future__ import annotations

import posixpath
from base64 import b64decode
from dataclasses import dataclass, field

from deploy.facts import Fact, table
from deploy.facts.audit import read_address
from deploy.facts.cluster import Process, read_process
from deploy.facts.nginx_text import Directive, parse_nginx
from deploy.shell import call


@dataclass(frozen=True, slots=True)
class FoundNginx:
    """One nginx that runs."""

    file: str
    text: Directive
    """Empty where it may not be read."""


@dataclass(frozen=True, slots=True)
class FoundApp:
    """A directory that processes of ActionHero work in, and what is known of them."""

    directory: str
    """Real path."""
    origin: str
    """URL of its repository; empty where it is none."""
    branch: str
    """Empty where a commit is checked out."""
    revision: str
    installed: str
    """Version of ActionHero."""
    pidfiles: tuple[tuple[str, str], ...]
    """Name, and what it says."""
    processes: tuple[Process, ...]
    endpoints: tuple[str, ...]
    """Paths of unix sockets, and `address:port`."""
    environment: dict[str, str]
    """Variables that hold no secret."""
    variables: tuple[str, ...]
    """Names of all others."""
    node: str
    """`v20.11.1`."""
    node_bin: str
    """Directory that leads to that node, with npm beside it; empty where none does."""
    unit: str
    """`user` or `system`, and the service of systemd that keeps it alive; empty: none."""

    @property
    def masters(self) -> tuple[Process, ...]:
        """Cluster masters."""
        return tuple(one for one in self.processes if one.is_master)

    @property
    def workers(self) -> int:
        """Processes that serve or work: the master's children, or each."""
        return len(self.processes) - len(self.masters)


@dataclass(frozen=True, slots=True)
class Discovery:
    """One host."""

    user: str
    """Who is logged in."""
    node: str
    """Real path of the node that a login finds; empty: none."""
    apps: tuple[FoundApp, ...]
    others: tuple[Process, ...]
    """Processes of ActionHero's that another user runs."""
    nginx: tuple[FoundNginx, ...] = field(default=())


def parse_discovery(text: str) -> Discovery:
    """Parse the answer of `discover_apps`."""
    rows = table(text)
    login = next(row for row in rows if row[0] == "login")
    processes = [one for row in rows if row[0] == "process" if (one := read_process(row))]
    mine = [one for one in processes if one.owner == "me" and one.is_actionhero]
    return Discovery(
        user=login[1],
        node=login[2],
        apps=tuple(_app(row, mine, rows) for row in rows if row[0] == "tree"),
        others=tuple(one for one in processes if one.owner != "me" and one.is_actionhero),
        nginx=tuple(_nginx(row) for row in rows if row[0] == "nginx"),
    )


def _app(tree: list[str], mine: list[Process], rows: list[list[str]]) -> FoundApp:
    directory = tree[1]
    processes = tuple(one for one in mine if one.directory == directory)
    pids = {str(one.pid) for one in processes}

    def of(kind: str) -> list[list[str]]:
        return [row[2:] for row in rows if row[0] == kind and row[1] in pids]

    nodes = of("node")
    origin, branch, revision, installed = tree[2:6]
    return FoundApp(
        directory,
        origin,
        branch,
        revision,
        installed,
        pidfiles=tuple(
            (row[2], row[3]) for row in rows if row[0] == "pidfile" and row[1] == directory
        ),
        processes=processes,
        endpoints=tuple(sorted({_endpoint(directory, kind, at) for kind, at in of("listens")})),
        environment={row[0]: row[1] for row in of("environ")},
        variables=tuple(sorted({row[0] for row in of("named")})),
        node=next((row[0] for row in nodes if row[0]), ""),
        node_bin=next((row[1] for row in nodes if row[1]), ""),
        unit=next((" ".join(row) for row in of("unit")), ""),
    )


def _endpoint(directory: str, kind: str, at: str) -> str:
    """A cluster's master binds a path that is relative to where it works."""
    if kind == "tcp":
        return read_address(at)
    return posixpath.normpath(posixpath.join(directory, at))


def _nginx(row: list[str]) -> FoundNginx:
    text = b64decode(row[2] if len(row) > 2 else "").decode(errors="replace")
    return FoundNginx(row[1], parse_nginx(text))


Discovered: Fact[Discovery] = Fact("apps", lambda _: call("discover_apps"), parse_discovery)
