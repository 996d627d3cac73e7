"""How a version of ActionHero is run, read from the app's lockfile, and the Node that it wants.

Measured with the packages from npm; the lowest versions of Node are what each package.json says.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from deploy.errors import DeployError, ExitCode

ProcessModel = Literal["startCluster", "start cluster", "processes"]


def process_model(major: int) -> ProcessModel:
    """The process model of a major version: a cluster until 21, single processes from 22."""
    if major <= 14:
        return "startCluster"
    return "start cluster" if major <= 21 else "processes"


def version_from_lockfile(text: str, package: str = "actionhero") -> str | None:
    """The locked version in a package-lock.json or npm-shrinkwrap.json (lockfileVersion 1 to 3).

    None when the package is not locked, or not by a version (a git URL, a directory). Raises
    DeployError when the text is no lockfile.
    """
    lock = _read_lock(text)
    packages, dependencies = (_object(lock.get(key)) for key in ("packages", "dependencies"))
    entry = _object(packages.get(f"node_modules/{package}"))
    if entry.get("link") is True:
        entry = _object(packages.get(str(entry.get("resolved"))))
    version = (entry or _object(dependencies.get(package))).get("version")
    return version if isinstance(version, str) and _numbers(version) else None


def major_from_lockfile(text: str, package: str = "actionhero") -> int | None:
    """The major version of what `version_from_lockfile` reads."""
    numbers = _numbers(version_from_lockfile(text, package) or "")
    return numbers[0] if numbers else None


def _read_lock(text: str) -> dict[str, Any]:
    try:
        lock = json.loads(text)
    except json.JSONDecodeError as error:
        raise _not_a_lock(f"line {error.lineno} column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _not_a_lock("nested too deeply") from None
    if not isinstance(lock, dict):
        raise _not_a_lock("not an object")
    return lock


def _not_a_lock(why: str) -> DeployError:
    return DeployError(
        f"the app's lockfile is not JSON as npm writes it: {why}",
        hint="run `npm install --package-lock-only` in the app, look at the difference, commit it",
        exit_code=ExitCode.USAGE,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _numbers(version: str) -> tuple[int, ...]:
    """`v18.1.4-rc1` as (18, 1, 4); nothing for what is no version."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in found.groups()) if found else ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which Node runs the majors up to `last` that no earlier row names."""

    last: int
    oldest: int
    """Lowest major of Node that the package allows."""
    broken_from: int | None = None
    """First major of Node on which it is known not to run."""
    reason: str = ""


_PIDFILE = "Node 14 and newer refuse the number that it writes to its pidfile; use Node 12"

PAIRINGS = (
    Pairing(14, oldest=4, broken_from=20, reason="it does not boot on Node 20; use Node 8"),
    Pairing(17, oldest=4, broken_from=14, reason=_PIDFILE),
    Pairing(18, oldest=8, broken_from=14, reason=_PIDFILE),
    Pairing(28, oldest=8),
    Pairing(9999, oldest=12),
)
"""In rising order; 14 to 18 were tried, 19 to 21 were not and are not refused."""


def node_pairing(actionhero_version: str, node_version: str) -> str | None:
    """Why this ActionHero does not work on this Node; None when nothing is known against it."""
    wanted, present = _numbers(actionhero_version), _numbers(node_version)
    if not wanted or not present:
        return None
    pairing = next(row for row in PAIRINGS if wanted[0] <= row.last)
    if present[0] < pairing.oldest:
        return f"its package.json asks for Node {pairing.oldest} or newer"
    if pairing.broken_from is not None and present[0] >= pairing.broken_from:
        return pairing.reason
    return None
