"""Ports for what tests start: below those that the kernel gives to outgoing connections, and each
is given to one test only, whatever else runs on the machine.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

FIRST, LAST, STEP = 20_002, 22_698, 3
"""Each has its neighbours, and one 10,000 above, where nodes of a redis cluster speak."""


def free_port(address: str = "127.0.0.1") -> int:
    """A port on which nobody listens, and that no other test is given for the next 900 ports.

    Never one with 443 in it: gixy takes that for TLS. Raises RuntimeError when all are in use.
    """
    for _ in range(FIRST, LAST, STEP):
        port = _next()
        if "443" not in str(port) and all(
            _is_free(address, one) for one in (port - 1, port, port + 1, port + 10_000)
        ):
            return port
    raise RuntimeError(f"no port of {address} is free between {FIRST} and {LAST}")


def _next() -> int:
    """The port after the one that was given last, by whichever process of this user."""
    with Path(f"/tmp/.ports-{os.geteuid()}").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        port = int(file.read() or LAST) + STEP
        port = port if port <= LAST else FIRST
        file.truncate(0)
        file.write(str(port))
    return port


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
