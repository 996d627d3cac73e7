"""What an inventory says of when, and in which order, hosts are changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from deploy.inventory.application import Model
from deploy.inventory.fields import SecondsOrNone
from deploy.inventory.values import BatchSize, CommandLine, Line, Moment, parse_moment


class Freeze(Model):
    """A span of time in which nobody deploys without `--force`."""

    start: Moment
    """ISO 8601 time with zone, the first moment of the freeze."""
    end: Moment
    """ISO 8601 time with zone, the first moment after it."""
    reason: Line
    """What a person who tries to deploy is told."""

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Freeze:
        if parse_moment(self.start) >= parse_moment(self.end):
            raise ValueError("a freeze ends after it starts")
        return self

    def covers(self, now: datetime) -> bool:
        """True when `now` (with a zone) is in the span."""
        return parse_moment(self.start) <= now < parse_moment(self.end)


class Gate(Model):
    """What a batch has to stand before the next one goes."""

    seconds: SecondsOrNone = 5
    """Seconds for which the new processes are watched, and traffic is measured."""
    min_requests: Annotated[int, Field(gt=0)] = 20
    """Requests in nginx's access log below which there is no traffic to judge by."""
    max_errors: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Percent of requests that may end with a 5xx status."""
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    """Seconds that the slowest twentieth of requests may take (95th percentile); none: any."""
    command: CommandLine | None = None
    """Command run on each host; the gate fails when it does."""


class Rollout(Model):
    """In which order hosts go."""

    batches: Annotated[tuple[BatchSize, ...], Field(min_length=1)] = (1, "100%")
    """Sizes of the batches: numbers, or percentages of all hosts; the last repeats."""
    pause: SecondsOrNone = 0
    """Seconds to wait between two batches."""
    max_failures: Annotated[int, Field(ge=0)] = 0
    """Failed hosts up to which further batches still go; with any, all hosts go back."""
    gate: Gate = Gate.model_construct()
    """What a batch has to stand before the next one goes."""
