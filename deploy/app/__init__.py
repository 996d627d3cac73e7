"""The composition root: one function a task, from flags to an exit code."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import DeployError, ExitCode, Terminated

if TYPE_CHECKING:
    from deploy.inventory.models import Environment, Host


@dataclass(frozen=True, slots=True)
class Flags:
    """What was asked on the command line."""

    env: str
    limit: str = ""
    without: str = ""
    revision: str = ""
    dry_run: bool = False
    force: bool = False
    yes: bool = False
    output: str = "terminal"
    workers: int = 0
    to: str = ""
    """A release, by its name or how it ends."""
    wait: str = ""
    """How long to wait for the lock: `90s`, `10m`; empty: not at all."""
    resume: bool = False
    """Go on with what the last run left."""
    only_failed: bool = False
    """Deploy again where the last run failed."""
    junit: str = ""
    """A file that gets the run as JUnit XML."""
    report: str = ""
    """A file that gets the run as a page."""

    @property
    def wait_seconds(self) -> int:
        """`wait` in seconds. Raises DeployError (usage) when it is no length of time."""
        found = re.fullmatch(r"(\d+)([sm]?)", self.wait or "0")
        if not found:
            raise DeployError(
                f"--wait {self.wait!r} is no length of time",
                hint="seconds or minutes: --wait 90s, --wait 10m",
                exit_code=ExitCode.USAGE,
            )
        return int(found[1]) * (60 if found[2] == "m" else 1)


@dataclass(frozen=True, slots=True)
class QueueFlags:
    """What is asked of the queues, beside `Flags`."""

    namespace: str = "resque"
    """What node-resque's keys begin with."""
    sample: int = 5
    """Seconds."""
    watch: bool = False
    queue: str = ""


def inventory_directory() -> Path:
    """Where inventories are: DEPLOY_INVENTORY, else ./inventory."""
    return Path(os.environ.get("DEPLOY_INVENTORY", "inventory"))


def guarded(task: Callable[[], ExitCode | int], name: str = "", flags: Flags | None = None) -> int:
    """Run a task; an error becomes words on standard error and an exit code, never a traceback.

    With the `name` and `flags` of the task a pipeline is told in its own words as well.
    """
    from deploy.reports.streams import never_fail

    never_fail()
    try:
        return int(task())
    except DeployError as error:
        for one in (error, *error.others):
            _tell(one)
        if flags and (flags.output == "github" or flags.junit):
            from deploy.app.piping import tell_pipeline

            tell_pipeline(error, name, flags)
        return int(error.exit_code)
    except KeyboardInterrupt as signal:
        print("interrupted", file=sys.stderr)
        terminated = isinstance(signal, Terminated)
        return int(ExitCode.TERMINATED if terminated else ExitCode.INTERRUPTED)


def _tell(error: DeployError) -> None:
    print(f"error: {error}", file=sys.stderr)
    for line in error.details:
        print(f"  {line}", file=sys.stderr)
    if error.hint:
        print(f"→ {error.hint}", file=sys.stderr)


def load_all(flags: Flags) -> tuple[Environment, tuple[Host, ...]]:
    """The same with the hosts that run no app: they have programs, too."""
    from deploy.inventory import load_environment, select

    environment = load_environment(flags.env, inventory_directory())
    return environment, select(environment, flags.limit, flags.without)


def load(flags: Flags) -> tuple[Environment, tuple[Host, ...]]:
    """The environment and the hosts that the flags select. Raises DeployError."""
    environment, hosts = load_all(flags)
    return environment, tuple(host for host in hosts if host.runs_app)


def confirm(environment: Environment, flags: Flags) -> float:
    """Ask for a protected environment's name; the seconds that a person took to type it.

    Raises DeployError when it is not given.
    """
    if not environment.protected or flags.yes or flags.dry_run:
        return 0.0
    asked = time.monotonic()
    from deploy.app.asking import ask

    ask(
        f"{environment.name} is protected. Type its name to go on:",
        environment.name,
        why=f"{environment.name} is protected",
        hint="run it again with --yes",
        refusal="that is not its name",
    )
    return time.monotonic() - asked
