"""Events as JSON lines: on standard output for programs, in a file as the record of the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import datetime, timezone
from typing import IO

from deploy.events import Event, event_kinds


class JsonLines:
    """One JSON object a line, with the controller's time (ISO 8601, UTC)."""

    def __init__(
        self,
        stream: IO[str],
        *,
        owns_stream: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._stream = stream
        self._now = now
        self._owns_stream = owns_stream

    def take(self, event: Event) -> None:
        """Write one event and flush it: a killed run leaves all that it did."""
        now = self._now().astimezone(timezone.utc).isoformat(timespec="milliseconds")
        self._stream.write(json.dumps({"time": now, **event.to_json()}, ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the stream when it was opened for this."""
        if self._owns_stream:
            self._stream.close()


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a record, in their order; kinds and fields of a newer version are left out."""
    return (event for _, event in read_timed(lines))


def read_timed(lines: Iterable[str]) -> Iterator[tuple[datetime, Event]]:
    """The same, each with its time. Raises ValueError for a line that is none of a record."""
    kinds = event_kinds()
    for line in lines:
        row = json.loads(line)
        if kind := kinds.get(row["event"]):
            values = {field.name: row[field.name] for field in fields(kind) if field.name in row}
            event = kind(**{name: _frozen(value) for name, value in values.items()})
            yield datetime.fromisoformat(row["time"]), event


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
