"""Who runs, and what the pidfiles say (proc(5)); a pidfile is believed only when /proc agrees."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Literal

from deploy.facts import Fact, table
from deploy.shell import call

Verdict = Literal["ok", "stale", "foreign", "unreadable"]
_NODE = ("node", "nodejs", "node[0-9]*", "node-[0-9]*")
"""Names of its executable, as is_node of process.sh knows them, too."""
_MASTER = re.compile(r"actionhero\S* (?:.* )?(?:startCluster|start cluster)(?: |$)")
_WORKER = re.compile(r"actionhero\S* (?:.* )?start(?: |$)|dist/server\.js")
_SCRIPT = re.compile(r"^actionhero$|\.[cm]?js$")


def is_node_program(path: str) -> bool:
    """The executable at `path`, as /proc has it, is Node's."""
    name = path.removesuffix(" (deleted)").rpartition("/")[2]
    return any(fnmatchcase(name, known) for known in _NODE)


@dataclass(frozen=True, slots=True)
class Process:
    """One process, as /proc tells of it."""

    pid: int
    parent: int
    start: int
    """Clock ticks since boot."""
    session: int
    owner: str
    """`me` for the deploy user, else a user's name."""
    directory: str
    """Real path of its working directory; `?` when it may not be read."""
    program: str
    """Real path of its executable; `?` when it may not be read."""
    command: str

    @property
    def name(self) -> str:
        """Its program, and the script that it runs; the rest of its words may hold a password."""
        first, *rest = self.command.split() or ["?"]
        program = PurePath(first).name
        script = PurePath(next((word for word in rest if not word.startswith("-")), "")).name
        return f"{program} {script}" if _SCRIPT.search(script) else program

    @property
    def is_node(self) -> bool:
        """Node runs it; of another user's process nobody may know, and its words have to do."""
        unseen = self.program == "?" and self.owner != "me"
        return unseen or is_node_program(self.program)

    @property
    def is_master(self) -> bool:
        """It is Node's, and its command line is that of a cluster master."""
        return self.is_node and bool(_MASTER.search(self.command))

    @property
    def is_actionhero(self) -> bool:
        """It is Node's, and its command line ActionHero's, or that of an app's own server file."""
        return self.is_node and bool(_WORKER.search(self.command) or self.is_master)


@dataclass(frozen=True, slots=True)
class Pidfile:
    """A file in pids/ and whether it can be believed."""

    name: str
    text: str
    verdict: Verdict
    process: Process | None = None
    """The living process of that number, whoever it is."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A service of systemd, or a name of pm2's, that keeps a process alive."""

    pid: int
    manager: str
    """`user`, `system`, or `pm2`."""
    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A process of the app that nobody started under a title of ours, and where it listens."""

    pid: int
    endpoint: str
    """The unix socket or the port at which one of ours is to listen."""


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The app's processes and pidfiles on one host."""

    boot: str
    now: int
    """Clock ticks since boot."""
    root: str
    """Real path of the app's directory."""
    processes: tuple[Process, ...] = ()
    pidfiles: tuple[Pidfile, ...] = ()
    workers_wanted: int = 0
    """The inventory's number, with `auto` worked out on the host."""
    workers_why: str = ""
    """Why `auto` is that number; empty where the inventory has one."""
    installed: str = ""
    """Version of ActionHero in the live tree; empty where there is none."""
    activated: dict[str, str] = field(default_factory=dict)
    """When the tree was last moved, and to what."""
    proved: dict[str, str] = field(default_factory=dict)
    """What was last proved to serve."""
    units: tuple[Unit, ...] = ()
    """The units that run this app's processes."""
    taken: tuple[Taken, ...] = ()
    """Endpoints that processes hold which were started by hand; only from ActionHero 22 on."""

    @property
    def ours(self) -> tuple[Process, ...]:
        """ActionHero's processes of the deploy user that work in the app."""
        return tuple(
            p
            for p in self.processes
            if p.owner == "me" and p.directory == self.root and p.is_actionhero
        )

    @property
    def masters(self) -> tuple[Process, ...]:
        """The app's cluster masters; more than one is a fault.

        A worker that is just being forked has its master's command line, and is none.
        """
        found = {p.pid: p for p in self.ours if p.is_master}
        return tuple(
            p
            for p in found.values()
            if p.parent not in found or found[p.parent].command != p.command
        )

    @property
    def workers(self) -> tuple[Process, ...]:
        """The masters' children, or, where there is no master, each process."""
        pids = {m.pid for m in self.masters}
        if pids:
            return tuple(p for p in self.ours if p.parent in pids)
        return self.ours

    @property
    def others(self) -> tuple[Process, ...]:
        """Another user's processes that run this app."""
        return tuple(
            p
            for p in self.processes
            if p.owner != "me"
            and p.is_actionhero
            and (p.directory == self.root or self.root in p.command)
        )


def parse_cluster(text: str) -> ClusterState:
    """Parse the answer of `cluster_state`: tab-separated lines, a kind and its values."""
    rows = table(text)
    single = {row[0]: row[1:] for row in rows if row[0] in ("boot", "root", "workers", "installed")}
    processes = {p.pid: p for p in (read_process(row) for row in rows if row[0] == "process")}
    root = single["root"][0]
    return ClusterState(
        boot=single["boot"][0],
        now=int(single["boot"][1]),
        root=root,
        processes=tuple(processes.values()),
        pidfiles=tuple(_pidfile(row, processes, root) for row in rows if row[0] == "pidfile"),
        workers_wanted=int(single["workers"][0]),
        workers_why="".join(single["workers"][1:]),
        installed=single.get("installed", [""])[0],
        activated=_record(rows, "activated"),
        proved=_record(rows, "proved"),
        units=tuple(Unit(int(row[1]), row[2], row[3]) for row in rows if row[0] == "unit"),
        taken=tuple(Taken(int(row[1]), row[2]) for row in rows if row[0] == "taken"),
    )


def _record(rows: list[list[str]], kind: str) -> dict[str, str]:
    return {row[1]: row[2] for row in rows if row[0] == kind and len(row) > 2}


def read_process(row: list[str]) -> Process:
    pid, parent, start, session = map(int, row[1:5])
    owner, directory, program, command = row[5:]
    words = command.replace("\x1f", " ").strip()
    return Process(pid, parent, start, session, owner, directory, program, words)


def _pidfile(row: list[str], processes: dict[int, Process], root: str) -> Pidfile:
    _, name, text = row
    if not text.isdigit():
        return Pidfile(name, text, "unreadable")
    process = processes.get(int(text))
    if process is None:
        return Pidfile(name, text, "stale")
    believable = process.owner == "me" and process.directory == root and process.is_actionhero
    return Pidfile(name, text, "ok" if believable else "foreign", process)


Cluster: Fact[ClusterState] = Fact("cluster", lambda _: call("cluster_state"), parse_cluster)
