"""What the machine offers: versions, room, limits, and what logind does at logout."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.facts import Fact, table
from deploy.shell import call


@dataclass(frozen=True, slots=True)
class MachineState:
    """One host's machine, seen by the deploy user in a non-login shell."""

    user: str
    node: str
    """`v20.11.1`, or empty where node is not in PATH."""
    npm: str
    """Path of npm, or empty."""
    git: str
    flock: str
    setsid: str
    arch: str
    cpus: int
    memory: int
    """Kilobytes available."""
    disk: int
    """Kilobytes free where the app lives."""
    inodes: int | None
    """Free inodes; None where the file system does not count them."""
    files: str
    """Limit of open files."""
    writable: bool
    tree_size: int
    """Kilobytes of the tree at HEAD, 0 without one."""
    kill_user_processes: bool
    linger: bool
    runtime_dir: str
    total: int = 0
    """Kilobytes of memory."""
    user_manager: str = ""
    """State of the user's own systemd, or why it cannot be asked; empty where nobody asks."""
    pm2: str | None = None
    """Path of pm2, or empty; None where nobody asks, as another is the supervisor."""
    pm2_boot: str = ""
    """The file that starts pm2 at boot, or `crontab`; empty where nothing does."""
    pm2_socket: str = ""
    """Path of the socket that pm2 is told things by; empty where nobody asks."""
    units: tuple[tuple[str, str], ...] = ()
    """Of the units that an administrator installs, what is not right: `missing` and a name, or
    `differs` and a path; and `denied`, with a command that sudo does not let through."""


def parse_machine(text: str) -> MachineState:
    """Parse the answer of `host_state`: a key and a value a line."""
    rows = table(text)
    values = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    inodes = values["inodes"]
    return MachineState(
        **{key: values[key] for key in ("user", "node", "npm", "git", "flock", "setsid", "arch")},
        cpus=int(values["cpus"]),
        memory=int(values["memory"] or 0),
        disk=int(values["disk"] or 0),
        inodes=int(inodes) if inodes.isdigit() and int(inodes) > 0 else None,
        files=values["files"],
        writable=values["writable"] == "yes",
        tree_size=int(values["tree_size"] or 0),
        kill_user_processes=values["kill_user_processes"] == "yes",
        linger=values["linger"] == "yes",
        runtime_dir=values["runtime_dir"],
        total=int(values.get("total") or 0),
        user_manager=values.get("user_manager", ""),
        pm2=values.get("pm2"),
        pm2_boot=values.get("pm2_boot", ""),
        pm2_socket=values.get("pm2_socket", ""),
        units=tuple((row[1], row[2]) for row in rows if row[0] in ("unit", "sudo")),
    )


Machine: Fact[MachineState] = Fact(
    "machine", lambda layout: call("host_state", layout.app), parse_machine
)
