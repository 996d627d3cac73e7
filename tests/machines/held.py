"""A small app on a machine, deployed by releases: the machine waits at named points of a deploy,
so that it can lose power at that very point.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.deploys.harness import Running
from tests.deploys.small import FILES, small
from tests.lab.accounts import program
from tests.lab.points import GATE, NODE
from tests.lab.processes import wait_until
from tests.lab.site import REDIS_PORT
from tests.machines.server import Server

_POINTS, _BIN = "/srv/points", "/srv/bin"
_SOON = 25
"""Seconds; half the time after which the lease of a run that vanished lapses by itself."""


def by_releases(data: dict[str, Any]) -> None:
    """An inventory for it."""
    small(data)
    data["node_bin"] = _BIN
    data["workers"] = 1
    data["rollout"] = {"gate": {"seconds": 0, "command": GATE.format(points=_POINTS)}}


@dataclass(frozen=True, slots=True)
class Held:
    """The machine, and where it waits: the points of tests/lab/points.py."""

    server: Server

    def install(self) -> None:
        """The node that waits, and npm; the app is committed."""
        real = (self.server.site.node / "bin").resolve()
        node = NODE.format(node=real / "node", points=_POINTS)
        self.server.sh(
            f"mkdir {_POINTS} {_BIN}; ln -s '{real}/npm' '{real}/npx' {_BIN}\n"
            f"cat >{_BIN}/node <<'END'\n{node}END\nchmod 755 {_BIN}/node"
        )
        self.server.repository.commit("a small app", FILES)

    def lose_power_at(self, point: str) -> str:
        """A further revision is deployed up to that point of the machine: there the machine loses
        power, and its controller dies. Returns the revision's number once the machine is up again.
        """
        number = self.server.repository.number(self.server.repository.commit("another", {}))
        self.server.sh(f"rm -f {_POINTS}/*; touch {_POINTS}/{point}")
        deploy = Running(self.server.start("deploy"))
        ended = deploy.process.poll
        try:
            wait_until(lambda: ended() is not None or self._reached(point), point, 60)
            assert ended() is None, deploy.finish().text
            deploy.signal(signal.SIGSTOP)  # its lease stays, of the boot before
            self.server.cut_power()
        finally:
            deploy.signal(signal.SIGKILL)
            deploy.finish()
        self.server.sh(f"rm {_POINTS}/{point}")
        return number

    def await_settled(self) -> None:
        """Until nothing is pending, nothing speaks against what serves, and nobody works at it."""
        wait_until(lambda: not self.record("pending"), "the watcher", _SOON)
        self.server.await_health()

    def await_answer(self, number: str) -> None:
        """Until that revision answers: units start one after the other."""

        def answers() -> bool:
            with suppress(subprocess.CalledProcessError):
                return self.server.revision() == number
            return False

        wait_until(answers, f"an answer of revision {number}", 60)

    def record(self, name: str) -> dict[str, str]:
        """`pending`, `confirmed` or `returned`; empty where there is none."""
        lines = self.server.sh(f"cat .deploy/{name} 2>/dev/null || :").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def answers(self, question: str) -> list[str]:
        """What the register said to that question since the power went."""
        return self.server.sh(f"cat {_POINTS}/{question}.said 2>/dev/null || :").splitlines()

    def _reached(self, point: str) -> bool:
        return "yes" in self.server.sh(f"[ ! -e {_POINTS}/{point}.reached ] || echo yes")


@contextmanager
def redis_elsewhere(server: Server) -> Iterator[dict[str, Any]]:
    """The inventory's `decision` for a redis that the machine does not take along when it goes."""
    address = server.machine.link.outside
    words = (program("redis-server"), "--bind", address, "--port", str(REDIS_PORT), "--save", "")
    server.site.directory("redis").mkdir(exist_ok=True)
    redis = subprocess.Popen(
        [*words, "--protected-mode", "no"],
        cwd=server.site.directory("redis"),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert redis.stdout is not None
        assert any("eady to accept" in line for line in redis.stdout)
        yield {"decision": {"kind": "redis", "host": address, "port": REDIS_PORT}}
    finally:
        redis.terminate()
        redis.communicate()
