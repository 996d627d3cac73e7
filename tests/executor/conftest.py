"""A fleet on this machine: local transports, real shells, every event kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.events import Event
from deploy.executor.fleet import Fleet
from deploy.transport.local import LocalTransport

NONCE = "f00d" * 8


class Recorder(list[Event]):
    """Keeps events in the order in which they came."""

    def __call__(self, event: Event) -> None:
        self.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self if isinstance(event, kind)]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def fleet(recorder: Recorder) -> Iterator[Fleet]:
    with Fleet({name: LocalTransport(name) for name in ("web1", "web2")}, recorder) as fleet:
        yield fleet


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The tool's own directory of an app."""
    return tmp_path / "app" / ".deploy"
