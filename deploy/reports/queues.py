"""The app's redis and its queues, for a person or, as one JSON object a look, for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from deploy.facts.queue_health import QueueHealth, WorkerHealth
from deploy.facts.queues import QueuesState
from deploy.facts.redis_server import RedisServer
from deploy.reports.tables import print_table

NEAR = 0.9
"""Part of redis' memory from which on it is told."""
LAG = 10
"""Seconds that a replica may be silent."""
_SHOWN = 10
"""Kinds of failure."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One redis, as one host sees it, and what that means."""

    host: str
    state: QueuesState
    queues: Sequence[QueueHealth]
    workers: Sequence[WorkerHealth]

    @property
    def troubles(self) -> list[str]:
        """What is not well, a line each."""
        found = [trouble for one in self.state.servers for trouble in _troubles(one)]
        found += [f"queue {one.name}: {one.verdict}" for one in self.queues if _is_slow(one)]
        for one in self.workers:
            if one.is_stuck and one.worker.claim:
                claim = one.worker.claim
                what = f"{claim.task} of {claim.queue} is stuck: {one.why}; invoke queues.release"
                found.append(what)
        if self.state.late:
            found.append(f"{self.state.late} delayed moments are overdue: no scheduler works them")
        return found


def _is_slow(one: QueueHealth) -> bool:
    return one.pace != "keeping up"


def _troubles(server: RedisServer) -> list[str]:
    found = []
    part = server.part_used
    if part is not None and part >= NEAR:
        found.append(f"redis {server.address}: {part:.0%} of its memory is used")
    if not server.appends or not server.saves:
        found.append(f"redis {server.address}: the last write to its disk failed")
    found += [
        f"replica {one.address}: {one.state}, {one.lag} s behind"
        for one in server.replicas
        if one.state != "online" or one.lag > LAG
    ]
    if server.role != "master":
        found.append(f"redis {server.address} is a replica of {server.primary}: writes fail")
    return found


def show_queues(looks: Sequence[Seen], output: str, *, again: bool) -> None:
    """Print one look at every redis; `again` draws over the one before, on a terminal."""
    if output == "json":
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        found = [_json(one) for one in looks]
        print(json.dumps({"at": at, "redis": found}, ensure_ascii=False), flush=True)
        return
    if again and sys.stdout.isatty():
        print("\x1b[H\x1b[2J", end="")
    for one in looks:
        _draw(one)
    sys.stdout.flush()


def _draw(seen: Seen) -> None:
    rows = [_server_row(one) for one in seen.state.servers]
    print_table(_SERVER, rows, "terminal")
    print()
    rows = [_queue_row(one) for one in seen.queues]
    print_table(_QUEUE, rows or [["none", "0", "", "", ""]], "terminal")
    print(f"\ndelayed: {_delayed(seen.state)}; scheduler: {seen.state.leader or 'none leads'}")
    if seen.workers:
        print()
        print_table(_WORKER, [_worker_row(one) for one in seen.workers], "terminal")
    if seen.state.failed:
        print(f"\nfailed: {seen.state.failed}")
        rows = [
            [str(f.count), f.queue, f.task, f.error, f.latest] for f in seen.state.failures[:_SHOWN]
        ]
        print_table(_FAILURE, rows, "terminal")
    print()
    for trouble in seen.troubles:
        print(f"! {trouble}")


_SERVER = ("redis", "memory", "when full", "replicas", "on disk", "clients")
_QUEUE = ("queue", "waiting", "added/h", "worked/h", "verdict")
_WORKER = ("worker", "queues", "heartbeat", "claims", "is")
_FAILURE = ("count", "queue", "task", "error", "latest")


def _server_row(one: RedisServer) -> list[str]:
    most = f" of {_size(one.most)} ({one.part_used:.0%})" if one.part_used is not None else ""
    replicas = "; ".join(
        f"{r.address} {r.state}, {_size(r.behind)} and {r.lag} s behind" for r in one.replicas
    )
    disk = "append-only" if one.append_only else "snapshots only"
    well = "" if one.appends and one.saves else ", the last write failed"
    return [
        f"{one.address} {one.version} {one.role}",
        f"{_size(one.used)}{most or ', no limit'}",
        one.policy + (f", {one.evicted} evicted" if one.evicted else ""),
        replicas or "none",
        disk + well,
        f"{one.clients}" + (f" of {one.max_clients}" if one.max_clients else ""),
    ]


def _queue_row(one: QueueHealth) -> list[str]:
    return [one.name, str(one.waiting), _rate(one.added), _rate(one.worked), one.verdict]


def _rate(rate: float | None) -> str:
    return "shared" if rate is None else f"{rate:,.0f}"


def _worker_row(one: WorkerHealth) -> list[str]:
    worker = one.worker
    claim = worker.claim
    return [
        f"{worker.host}:{worker.pid}",
        ",".join(worker.queues),
        "none" if worker.silent is None else f"{worker.silent} s ago",
        f"{claim.task} of {claim.queue} since {claim.since}" if claim else "",
        one.presence + (f": {one.why}" if one.why else ""),
    ]


def _delayed(state: QueuesState) -> str:
    if not state.moments:
        return "none"
    due = "" if state.next is None else f", the next in {max(0, state.next)} s"
    return f"at {state.moments} moments{due}"


def _size(count: int) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count = round(count / 1024)
    return f"{count / 1024:.1f} GB" if count >= 1024 else f"{count} GB"


def _json(seen: Seen) -> dict[str, Any]:
    state = seen.state
    return {
        "asked_from": seen.host,
        "sampled": [state.samples[0].at, state.samples[-1].at],
        "servers": [_server_json(one) for one in state.servers],
        "queues": [
            {**_fields(one), "verdict": one.verdict, "unit": "jobs an hour"} for one in seen.queues
        ],
        "workers": [_worker_json(one) for one in seen.workers],
        "failed": {"count": state.failed, "kinds": [_fields(one) for one in state.failures]},
        "delayed": {"moments": state.moments, "late": state.late, "next": state.next},
        "scheduler": state.leader,
        "troubles": seen.troubles,
    }


def _server_json(one: RedisServer) -> dict[str, Any]:
    return {**_fields(one), "replicas": [_fields(replica) for replica in one.replicas]}


def _worker_json(one: WorkerHealth) -> dict[str, Any]:
    worker, claim = one.worker, one.worker.claim
    told = claim and {"queue": claim.queue, "task": claim.task, "since": claim.since}
    own = {**_fields(worker), "claim": told}
    return {**own, "presence": one.presence, "why": one.why, "stuck": one.is_stuck}


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}
