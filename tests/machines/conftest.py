"""A machine an app: booted once, deployed to in the first test that asks for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import claim_subnet

if TYPE_CHECKING:
    from tests.lab.site import App, Strategy
    from tests.machines.server import Server


@pytest.fixture(scope="module")
def boot() -> Iterator[Callable[..., Server]]:
    """Boots a machine, as `booted` does; it is powered off when the module's tests are over."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a machine with a systemd of its own can be made by root only")
    with ExitStack() as stack:
        yield lambda *given: stack.enter_context(booted(*given))


@contextmanager
def booted(
    app: App,
    strategy: Strategy = "in_place",
    change: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Iterator[Server]:
    """A machine while it is up; `change` edits its inventories."""
    from tests.machines.server import OneMachine, Server

    subnet, lock = claim_subnet()
    with lock:
        root = Path(f"/tmp/ahm{subnet}")
        shutil.rmtree(root, ignore_errors=True)  # of a run that was killed; its machine is off
        server = Server(OneMachine(root, app, subnet, strategy), change)
        try:
            server.up()
            yield server
        finally:
            server.down()


@pytest.fixture(scope="module")
def server18(boot: Callable[..., Server]) -> Server:
    """ActionHero 18 on a machine, deployed once: a cluster master under a user unit."""
    server = boot(18)
    server.succeed("deploy")
    return server


@pytest.fixture(scope="module")
def server29(boot: Callable[..., Server]) -> Server:
    """ActionHero 29 on a machine, deployed once: two processes, a user unit each."""
    server = boot(29)
    server.succeed("deploy")
    return server
