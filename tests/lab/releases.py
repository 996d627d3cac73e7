"""What the hosts of a lab have come to, where releases are deployed: by their records, by the
processes that run, and by what answers through nginx.
"""

from __future__ import annotations

import fcntl
import time
from http.client import HTTPException
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.site import ROLES, WORKERS

PATIENCE = 90.0
"""Seconds within which a fleet whose controller died has to be on one revision."""
_POLL = 0.1
_ASKED = 2 * WORKERS


def record(lab: Lab, host: str, name: str) -> dict[str, str]:
    """`pending`, `confirmed` or `returned`; empty where there is none."""
    try:
        lines = (_state(lab, host) / name).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines)


def confirmed(lab: Lab, host: str) -> str:
    """The name of the release that is confirmed there."""
    return record(lab, host, "confirmed").get("release", "")


def revision(lab: Lab, host: str) -> str:
    """The number of the revision that is confirmed there."""
    name = confirmed(lab, host)
    return (lab.app_path(host) / "releases" / name / "revision.txt").read_text().strip()


def doubt_host(lab: Lab, host: str) -> str:
    """What speaks against this host being at rest on what it confirmed; nothing: all is well."""
    root, name = lab.app_path(host), confirmed(lab, host)
    if _is_working(root / ".deploy" / "stage.lock"):
        return f"{host}: a stage is under way"
    if pending := record(lab, host, "pending"):
        return f"{host}: run {pending['run']} is pending"
    live = (root / "shared/sockets/live").readlink().name
    if {live, (root / "current").readlink().name} != {name}:
        return f"{host}: {live} is live, {name} is confirmed"
    running = {Path(process.cwd).name for process in lab.processes(host) if _is_app(process.cwd)}
    if running != {name}:
        return f"{host}: {', '.join(sorted(running)) or 'nothing'} runs, {name} is confirmed"
    return _doubt_answers(lab, host, revision(lab, host)) if ROLES[host] == "server" else ""


def doubt_fleet(lab: Lab) -> str:
    """The same of the fleet: every host is at rest, and all are on one revision."""
    for host in ROLES:
        if against := doubt_host(lab, host):
            return against
    numbers = {host: revision(lab, host) for host in ROLES}
    is_one = len(set(numbers.values())) == 1
    return "" if is_one else f"the hosts are on several revisions: {numbers}"


def await_rest(lab: Lab, seconds: float = PATIENCE) -> float:
    """Wait until nothing speaks against it; the seconds it took.

    Raises RuntimeError that says what still does after `seconds`.
    """
    began = time.monotonic()
    while against := doubt_fleet(lab):
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"not on one revision after {seconds:.0f} s: {against}")
        time.sleep(_POLL)
    return time.monotonic() - began


def _doubt_answers(lab: Lab, host: str, wanted: str) -> str:
    try:
        answers = [lab.get(host, "/api/revision") for _ in range(_ASKED)]
        said = {str(answer.json()["revision"]) for answer in answers}
    except (OSError, HTTPException, ValueError, KeyError) as error:
        return f"{host}: no answer through nginx: {error!r}"
    return "" if said == {wanted} else f"{host}: revision {said} answers, not {wanted}"


def _is_working(lock: Path) -> bool:
    """Somebody holds the stage's lock."""
    if not lock.exists():
        return False
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _is_app(cwd: str) -> bool:
    return "/app/releases/" in cwd


def _state(lab: Lab, host: str) -> Path:
    return lab.app_path(host) / ".deploy"
