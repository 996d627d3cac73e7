"""Makes a host of the lab wait at a named point of a deploy, so that a test can act at that very
point: a `node` first in its PATH waits before or after a question to the register.
"""

from __future__ import annotations

import fcntl
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.lab import Lab
from tests.lab.processes import Process, everything
from tests.lab.site import ROLES

NODE = """\
#!/bin/sh
# node; a question to the register waits where `hold` says so, until `release`.
if [ -z "${{DEPLOY_REGISTER-}}" ]; then exec '{node}' "$@"; fi
points={points}/$5${{7:+-$7}}

# wait_at FILE: while it is there.
wait_at() {{
  [ -e "$1" ] || return 0
  : >"$1.reached"
  while [ -e "$1" ]; do sleep 0.05; done
}}

wait_at "$points.before"
said=$('{node}' "$@")
printf '%s\\n' "$said" >>"$points.said"
wait_at "$points.after"
printf '%s\\n' "$said"
"""

GATE = """\
at={points}/gate; [ ! -e $at ] || : >$at.reached; while [ -e $at ]; do sleep 0.05; done"""
_POINTS = "$HOME/../points"
"""Of each host its own; not quoted where it is used."""


class Points:
    """Where hosts wait: `open`, `read`, `decide-commit`, `decide-abort`, each .before or .after;
    and `gate`, which is the last of their activation."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def install(self) -> None:
        """The node that waits, and npm and npx beside it; once a lab."""
        self._bin.mkdir(exist_ok=True)
        real = (self.lab.site.node / "bin").resolve()
        for program in real.iterdir():
            (self._bin / program.name).unlink(missing_ok=True)
            if program.name != "node":
                (self._bin / program.name).symlink_to(program)
        (self._bin / "node").write_text(NODE.format(node=real / "node", points=_POINTS))
        (self._bin / "node").chmod(0o755)
        for host in ROLES:
            self.lab.account.own(self._directory(host))

    def change(self, data: dict[str, Any]) -> None:
        """An inventory whose hosts find that node."""
        data["node_bin"] = str(self._bin)
        data["rollout"] = {"gate": {"seconds": 0, "command": GATE.format(points=_POINTS)}}

    def hold(self, host: str, point: str) -> None:
        """Wait there from now on."""
        self._reached(host, point).unlink(missing_ok=True)
        self._file(host, point).touch()

    def is_reached(self, host: str, point: str) -> bool:
        """The host waits there."""
        return self._reached(host, point).exists()

    def release(self, host: str, point: str) -> None:
        """Go on."""
        self._file(host, point).unlink(missing_ok=True)

    def answers(self, host: str, question: str) -> list[str]:
        """What the register said to that question of the host, since `clear`."""
        said = self._file(host, f"{question}.said")
        return said.read_text().splitlines() if said.exists() else []

    def clear(self) -> None:
        """Nothing waits, and nothing was said."""
        for host in ROLES:
            for file in self._directory(host).iterdir():
                file.unlink()

    @contextmanager
    def settling_held(self, host: str) -> Iterator[None]:
        """Nothing of the host is switched, confirmed or returned within the block."""
        with (self._state(host) / "pending.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def is_confirming(self, host: str) -> bool:
        """A stage on the host waits to settle what is pending."""
        return any("flock -w 180 6" in process.line for process in self._stage(host))

    def end_stage(self, host: str) -> None:
        """Kill what a controller began on the host, as the loss of its memory would."""
        for process in self._stage(host):
            process.signal(signal.SIGKILL)

    def cut(self, host: str) -> None:
        """Kill the sshd session that the host's stage belongs to: the network went away."""
        everyone = everything()
        process = next(iter(self._stage(host)))
        while not process.command[0].startswith("sshd"):
            process = everyone[process.parent]
        process.signal(signal.SIGKILL)

    @contextmanager
    def redis_stopped(self) -> Iterator[None]:
        """Redis takes connections and answers nobody within the block."""
        redis = self.lab.status()["redis"]
        assert redis, "the lab is up"
        redis.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            redis.signal(signal.SIGCONT)

    def lapse(self) -> None:
        """No host has heard of its controller for long."""
        for host in ROLES:
            (self._state(host) / "lease").unlink(missing_ok=True)

    def _stage(self, host: str) -> Iterable[Process]:
        """The shell that runs the host's stage, and its children."""
        everyone = everything()
        pid = int((self._state(host) / "stage.holder").read_text().rpartition("pid=")[2])
        return (p for p in everyone.values() if pid in {p.pid, p.parent, _grand(p, everyone)})

    @property
    def _bin(self) -> Path:
        return self.lab.site.root / "points"

    def _state(self, host: str) -> Path:
        return self.lab.app_path(host) / ".deploy"

    def _directory(self, host: str) -> Path:
        return self.lab.host_root(host) / "points"

    def _file(self, host: str, name: str) -> Path:
        return self._directory(host) / name

    def _reached(self, host: str, point: str) -> Path:
        return self._file(host, f"{point}.reached")


def _grand(process: Process, everyone: Mapping[int, Process]) -> int:
    """The parent of its parent."""
    parent = everyone.get(process.parent)
    return parent.parent if parent else 0
