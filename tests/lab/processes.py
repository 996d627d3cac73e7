"""Processes as /proc tells of them (proc(5)), identified before any signal, and ended for good.

A pid alone names nothing: it is a process only together with its start time.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

MARK = "AHLAB_ROOT"
"""Environment variable that every process of a lab carries: its root."""


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One process; `pid` and `start` together are its identity."""

    pid: int
    start: int
    """Clock ticks since boot."""
    parent: int
    uid: int
    command: tuple[str, ...]
    cwd: str
    """Empty where it may not be read."""

    @property
    def line(self) -> str:
        """The command line in one piece."""
        return " ".join(self.command)

    def is_alive(self) -> bool:
        """The same process runs; a zombie does not."""
        return _alive(self.pid) == self.start

    def signal(self, number: int) -> bool:
        """Send a signal if it is still the same process; False when it is gone."""
        if not self.is_alive():
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def find(pid: int) -> Process | None:
    """The living process with that pid."""
    try:
        fields = _stat(pid)
        uid = Path(f"/proc/{pid}").stat().st_uid
        command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    return Process(
        pid, int(fields[19]), int(fields[1]), uid, tuple(command.split("\0")), _directory(pid)
    )


def everything() -> dict[int, Process]:
    """Every living process by pid."""
    pids = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return {process.pid: process for pid in pids if (process := find(pid))}


def belonging(root: Path, uids: Iterable[int], known: Iterable[Process] = ()) -> set[Process]:
    """`known` and the processes of these users that work below `root` or carry its mark, and
    what descends from any of them: sshd and nginx write over their own environment.

    Never the caller, nor what it was started by: a person may stand in that directory.
    """
    everyone, owners = everything(), set(uids)
    found = {p for p in everyone.values() if p.uid in owners and _is_below(p, root)}
    found |= set(known)
    found |= descendants({p.pid for p in found}, everyone, owners)
    return found - set(_lineage(everyone))


def descendants(pids: set[int], among: dict[int, Process], uids: set[int]) -> set[Process]:
    """Children of `pids`, and theirs, that belong to these users."""
    children = {p for p in among.values() if p.parent in pids and p.uid in uids} - {
        among[pid] for pid in pids if pid in among
    }
    return children | descendants({c.pid for c in children}, among, uids) if children else set()


def end(find_all: Callable[[], Iterable[Process]], seconds: float = 10) -> None:
    """Kill what `find_all` finds, again and again, until it finds nothing.

    Again, because a process may fork while it is being looked at. Raises RuntimeError that names
    what is left after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while left := [process for process in find_all() if process.is_alive()]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"these do not end: {[(p.pid, p.line) for p in left]}")
        for process in left:
            process.signal(signal.SIGKILL)
        wait_until(partial(_gone, left), "the end of killed processes")


def named(pidfile: Path) -> Process | None:
    """The living process that it names."""
    said = pidfile.read_text().strip() if pidfile.exists() else ""
    return find(int(said)) if said else None


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Look every 10 ms until it is so, and less often where a look takes long: others wait for the
    processor, too. Raises RuntimeError that says what never came.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if is_so():
            return
        ended = time.monotonic()
        if ended > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(max(0.01, 3 * (ended - began)))


def _lineage(everyone: dict[int, Process]) -> Iterator[Process]:
    """The caller, its parent, and so on."""
    process = everyone.get(os.getpid())
    while process is not None:
        yield process
        process = everyone.get(process.parent)


def _gone(processes: Iterable[Process]) -> bool:
    return not any(process.is_alive() for process in processes)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _alive(pid: int) -> int | None:
    try:
        fields = _stat(pid)
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _directory(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _is_below(process: Process, root: Path) -> bool:
    directory = process.cwd.removesuffix(" (deleted)")
    return directory == str(root) or directory.startswith(f"{root}/") or _is_marked(process, root)


def _is_marked(process: Process, root: Path) -> bool:
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={root}".encode() in environment.split(b"\0")
