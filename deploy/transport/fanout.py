"""Connects to many hosts at once, but never to more at a time than a firewall likes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.errors import DeployError
from deploy.transport import Transport


def connect_all(transports: Sequence[Transport], limit: int) -> dict[str, DeployError]:
    """Connect every transport, `limit` at a time; the errors of all hosts that failed, by host."""
    if not transports:
        return {}
    with ThreadPoolExecutor(min(limit, len(transports)), "connect") as pool:
        errors = pool.map(_connect, transports)
        return {
            transport.host: error
            for transport, error in zip(transports, errors, strict=True)
            if error is not None
        }


def _connect(transport: Transport) -> DeployError | None:
    try:
        transport.connect()
    except DeployError as error:
        return error
    return None
