"""The named points of a deploy at which its controller is killed, and what must come of it.

The tests go through them with a small app, `script/soak --points` with ActionHero.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

from tests.deploys.harness import Controller, Running, Said
from tests.lab.lab import Lab
from tests.lab.points import Points
from tests.lab.processes import wait_until
from tests.lab.releases import PATIENCE, await_rest, confirmed, doubt_host, revision
from tests.lab.site import ROLES

_COMING = 240.0
"""Seconds that a deploy may take to a point: a machine can be busy."""
LIMIT = 600.0
"""Seconds that a deploy may take."""
LATER = ("web2", "jobs1")
"""The hosts of the second batch."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A fleet on which releases are deployed, and the points at which its hosts can wait."""

    controller: Controller
    points: Points

    @property
    def lab(self) -> Lab:
        return self.points.lab

    def start_until(self, host: str, *points: str) -> Running:
        """A deploy that waits at the first of these points of a host, as `hold` made it."""
        running = self.controller.start("deploy", seconds=LIMIT)
        self.await_point(running, host, *points)
        return running

    def await_point(self, running: Running, host: str, *points: str) -> None:
        """Until the host waits there. Raises RuntimeError with the run's words when it ended."""

        def is_over() -> bool:
            return self._is_at(host, points) or running.process.poll() is not None

        try:
            wait_until(is_over, f"{host} to come to {points}", _COMING)
        except RuntimeError:
            self.kill(running)
            raise
        if not self._is_at(host, points):
            raise RuntimeError(f"ended before {host} came to {points}:\n{running.finish().text}")

    def kill(self, running: Running) -> Said:
        """kill -9 of the controller; what it had said."""
        running.signal(signal.SIGKILL)
        return running.finish()

    def kill_at(self, host: str, point: str) -> None:
        """Kill the controller of a deploy while that host waits there; then the host goes on."""
        self.points.hold(host, point)
        self.kill(self.start_until(host, point))
        self.points.release(host, point)

    def deploy(self) -> None:
        """The next deploy, with no hand on it. Raises RuntimeError unless it is right."""
        done = self.controller.start("deploy", seconds=LIMIT).finish()
        if done.code != 0:
            raise RuntimeError(f"the next deploy ended with {done.code}:\n{done.text}")
        await_rest(self.lab)
        wanted = self.lab.number("HEAD")
        if self.controller.serving() != wanted:
            raise RuntimeError(f"the next deploy left {self.controller.serving()}, not {wanted}")

    def _is_at(self, host: str, points: tuple[str, ...]) -> bool:
        return all(self.points.is_reached(host, point) for point in points)


@dataclass(frozen=True, slots=True)
class Point:
    """Where the controller is killed, and which release the fleet has then to come to."""

    name: str
    outcome: Literal["old", "new", "skew"]
    kill: Callable[[Stand], object]


def _kill_between_confirmations(stand: Stand) -> None:
    """web1 is confirmed; on the others the message is lost, too."""
    for host in LATER:
        stand.points.hold(host, "gate")
    running = stand.start_until("web2", "gate")
    stand.await_point(running, "jobs1", "gate")
    with ExitStack() as stack:
        for host in LATER:
            stack.enter_context(stand.points.settling_held(host))
            stand.points.release(host, "gate")
        running.wait_for("step_finished", step="confirm_switch", host="web1")
        wait_until(lambda: all(map(stand.points.is_confirming, LATER)), "their messages", 30)
        stand.kill(running)
        for host in LATER:
            stand.points.end_stage(host)


POINTS = (
    Point("before the register", "old", lambda s: s.kill_at("web1", "open.before")),
    Point("after the register", "old", lambda s: s.kill_at("web1", "open.after")),
    Point("between two switches", "old", lambda s: s.kill_at("web2", "read.before")),
    Point("within a switch", "old", lambda s: s.kill_at("web2", "read.after")),
    Point("before the decision", "old", lambda s: s.kill_at("web1", "gate")),
    Point("after the decision", "new", lambda s: s.kill_at("web1", "decide-commit.after")),
    Point("between two confirmations", "new", _kill_between_confirmations),
)
WITHOUT_REGISTER = Point(
    "between two confirmations, without a register", "skew", _kill_between_confirmations
)


def off(data: dict[str, Any]) -> None:
    """An inventory without a register."""
    data["decision"] = {"kind": "off"}


def try_point(stand: Stand, point: Point) -> float:
    """Kill a deploy there, see what comes of it; the seconds until the fleet was at rest.

    Raises RuntimeError where it is not as the point says.
    """
    before = confirmed(stand.lab, "web1")
    stand.lab.commit(point.name)
    point.kill(stand)
    if point.outcome == "skew":
        return _await_skew(stand)
    seconds = await_rest(stand.lab)
    is_new = confirmed(stand.lab, "web1") != before
    if is_new != (point.outcome == "new"):
        raise RuntimeError(f"the fleet is on the {'new' if is_new else 'old'} release")
    return seconds


def _await_skew(stand: Stand) -> float:
    """Each host comes to rest by itself, and they are not of one mind."""

    def is_at_rest() -> bool:
        return not any(doubt_host(stand.lab, host) for host in ROLES)

    wait_until(is_at_rest, "hosts at rest", PATIENCE)
    if len({revision(stand.lab, host) for host in ROLES}) == 1:
        raise RuntimeError("without a register the hosts came to one revision")
    return 0.0
