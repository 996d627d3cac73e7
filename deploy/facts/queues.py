"""node-resque's queues in redis, sampled: lengths, failures, workers, and what they claim."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.errors import DeployError
from deploy.facts import Fact
from deploy.facts.redis_server import RedisServer, parse_server
from deploy.shell import call

FAILURES = 500
"""Newest failures that are read, to count them by error."""
_WORKER = re.compile(r"(?P<host>.*?):(?P<pid>\d+)(?:\+\d+)?:(?P<queues>.*)", re.DOTALL)
"""`host:pid:queues`, or `host:pid+n:queues` of a multi worker."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the counters."""

    at: float
    """Unix time, by redis' clock."""
    seconds: float
    """By a clock that only says how long it is between two looks."""
    queues: Mapping[str, int]
    """Waiting jobs by queue."""
    worked: int
    """Jobs that were worked since ever, the failed ones too."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The job that a worker says it works on."""

    text: str = field(repr=False)
    """As it is in redis."""
    queue: str
    task: str
    since: str
    """When it was taken, in the worker's words."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker that announced itself and did not leave."""

    entry: str
    """As it is in the set of workers."""
    host: str
    """The machine's own name."""
    pid: int
    queues: tuple[str, ...]
    started: int | None
    """Unix time."""
    silent: int | None
    """Seconds since its heartbeat; None where it has none (node-resque before 5)."""
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed jobs of the same kind, among the newest."""

    queue: str
    task: str
    error: str
    count: int
    latest: str
    """When the newest of them failed, in the worker's words."""


@dataclass(frozen=True, slots=True)
class QueuesState:
    """What one host sees of the app's redis."""

    servers: tuple[RedisServer, ...]
    """The primary; in redis cluster, every primary."""
    samples: tuple[Sample, ...]
    workers: tuple[Worker, ...] = ()
    failures: tuple[Failure, ...] = ()
    """The most frequent first."""
    failed: int = 0
    """Failed jobs, of which the newest were read."""
    moments: int = 0
    """Moments for which jobs are delayed."""
    late: int = 0
    """Those of them that were due more than a minute ago."""
    next: int | None = None
    """Seconds until the next of them."""
    leader: str = ""
    """The scheduler that leads."""
    has_cache: bool = False
    """ActionHero's cache is in the same database."""

    @property
    def claimed(self) -> tuple[Worker, ...]:
        """The workers that say they work."""
        return tuple(one for one in self.workers if one.claim)


def parse_queues(text: str) -> QueuesState:
    """Parse the answer of `queues_state`. Raises DeployError where redis gave none."""
    found = decode(text)
    now = int(found["now"])
    pings = {name: json.loads(ping) for name, ping in found["pings"].items()}
    following = found["delayed"]["next"]
    return QueuesState(
        servers=tuple(parse_server(one["address"], one["info"]) for one in found["servers"]),
        samples=tuple(map(_sample, found["samples"])),
        workers=tuple(_worker(entry, found, pings, now) for entry in found["workers"]),
        failures=_failures(found["failed"]),
        failed=found["failures"],
        moments=found["delayed"]["moments"],
        late=found["delayed"]["late"],
        next=None if following is None else following - now,
        leader=found["leader"] or "",
        has_cache=found["cached"],
    )


def decode(text: str) -> Any:
    """What queues_client says. Raises DeployError with its reason."""
    if text.startswith("unreachable "):
        raise DeployError(
            f"redis cannot be asked: {text.removeprefix('unreachable ')}",
            step="queues",
            hint="see `actionhero.redis`, `decision` and the REDIS_ variables in the inventory",
        )
    return json.loads(b64decode(text))


def _sample(found: dict[str, Any]) -> Sample:
    return Sample(
        found["at"], found["seconds"], found["queues"], found["processed"] + found["failed"]
    )


def _worker(entry: str, found: dict[str, Any], pings: dict[str, Any], now: int) -> Worker:
    parts = _WORKER.fullmatch(entry)
    name = entry[: -len(parts["queues"]) - 1] if parts else entry
    started, ping = found["started"].get(entry), pings.get(name)
    silent = ping["time"] if isinstance(ping, dict) else ping
    return Worker(
        entry=entry,
        host=parts["host"] if parts else "",
        pid=int(parts["pid"]) if parts else 0,
        queues=tuple(parts["queues"].split(",")) if parts else (),
        started=int(started) if str(started).isdigit() else None,
        silent=None if silent is None else max(0, now - int(silent)),
        claim=_claim(found["claims"].get(entry)),
    )


def _claim(text: str | None) -> Claim | None:
    if text is None:
        return None
    found = _mapping(text)
    payload = found.get("payload")
    task = payload.get("class", "?") if isinstance(payload, dict) else "?"
    return Claim(text, str(found.get("queue", "?")), str(task), str(found.get("run_at", "?")))


def _failures(texts: list[str]) -> tuple[Failure, ...]:
    counts: dict[tuple[str, str, str], int] = {}
    latest: dict[tuple[str, str, str], str] = {}
    for one in map(_mapping, texts):
        payload = one.get("payload")
        task = payload.get("class", "?") if isinstance(payload, dict) else "?"
        said = next(iter(str(one.get("error", "?")).splitlines()), "")
        error = f"{one.get('exception', '?')}: {said}"
        kind = (str(one.get("queue", "?")), str(task), error)
        counts[kind] = counts.get(kind, 0) + 1
        latest[kind] = str(one.get("failed_at", "?"))
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return tuple(Failure(*kind, counts[kind], latest[kind]) for kind in kinds)


def _mapping(text: str) -> dict[str, Any]:
    """What other programs wrote there may be anything."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def queues_fact(namespace: str, seconds: int) -> Fact[QueuesState]:
    """The question: all of node-resque below `namespace`, sampled for so many seconds."""
    return Fact(
        "queues", lambda _: call("queues_state", namespace, seconds, FAILURES), parse_queues
    )


def failures_fact(namespace: str, count: int) -> Fact[list[str]]:
    """The oldest failures, at most so many, as they are in redis."""
    return Fact("failures", lambda _: call("failures_state", namespace, count), decode)
