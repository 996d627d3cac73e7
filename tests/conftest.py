"""Labs for tests: one for each app, made when first asked for, gone when the session ends.

Each has a directory and a subnet of its own, so that two test runs do not meet.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.lab.site import App

SUBNETS = range(100, 200)


@pytest.fixture(scope="session")
def labs() -> Iterator[Callable[[App], Lab]]:
    """The session's lab for an app, up."""
    with ExitStack() as stack:
        made: dict[App, Lab] = {}

        def provide(app: App) -> Lab:
            if app not in made:
                made[app] = new_lab(stack, app)
                made[app].up()
            return made[app]

        yield provide


@pytest.fixture(scope="session")
def lab14(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 14 on Node 8."""
    return labs(14)


@pytest.fixture(scope="session")
def lab18(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 18 on Node 12."""
    return labs(18)


@pytest.fixture(scope="session")
def lab29(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 29 on Node 20."""
    return labs(29)


def new_lab(stack: ExitStack, app: App) -> Lab:
    """A lab on a subnet of its own, down until it is brought up, and down at the stack's end."""
    from tests.lab import Lab

    subnet, lock = claim_subnet()
    stack.enter_context(lock)
    lab = Lab(Path(f"/tmp/ahl{subnet}"), app, subnet)
    stack.callback(lab.down)
    return lab


def claim_subnet() -> tuple[int, Any]:
    """A subnet that no other test run uses, and the file that keeps it while it is open."""
    for subnet in SUBNETS:
        try:
            lock = Path(f"/tmp/.ahlab-{subnet}.lock").open("a")  # noqa: SIM115
        except OSError:  # another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return subnet, lock
    raise RuntimeError("every subnet for tests is in use")
