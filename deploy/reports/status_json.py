"""A fleet as it is, for a program: one JSON object a look; docs/status.md promises its shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from deploy.checks.status import Finding, FleetView, Seen, Silent
from deploy.checks.status.rules import is_well


def status_line(view: FleetView, findings: Sequence[Finding], at: datetime) -> str:
    """One line; a key is always there, null where its value is not known."""
    document = {
        "at": at.astimezone(timezone.utc).isoformat(timespec="seconds"),
        "environment": view.environment.name,
        "well": is_well(list(findings)),
        "hosts": [_host(one) for one in view.hosts],
        "findings": [_finding(one) for one in findings],
    }
    return json.dumps(document, ensure_ascii=False)


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "id": one.rule.id,
        "severity": one.rule.severity,
        "host": one.place.host,
        "hosts": list(one.place.marked or filter(None, [one.place.host])),
        "what": one.place.what,
        "mend": one.place.mend,
    }


KEYS = (
    *("revision", "committed", "changes", "release", "proved", "objection", "actionhero"),
    *("process_model", "supervisor", "masters", "workers", "pidfiles", "endpoints", "memory"),
    *("swap", "load", "cpus", "disk", "node", "packages", "drift", "lock", "last_deploy"),
)
"""What is known of a host that answers."""


def _host(one: Seen | Silent) -> dict[str, Any]:
    head: dict[str, Any] = {
        "host": one.host.name,
        "roles": list(one.host.roles),
        "reachable": isinstance(one, Seen),
        "error": one.error if isinstance(one, Silent) else "",
    }
    if isinstance(one, Silent):
        return {**head, **dict.fromkeys(KEYS)}
    return {**head, **_code(one), **_processes(one), **_machine(one), **_records(one)}


def _code(one: Seen) -> dict[str, Any]:
    tree, releases = one.facts.tree, one.facts.releases
    return {
        "revision": tree.head,
        "committed": one.look.committed,
        "changes": tree.changes,
        "release": releases.current if releases else None,
        "proved": not one.facts.objection,
        "objection": one.facts.objection,
        "actionhero": one.facts.cluster.installed,
    }


def _processes(one: Seen) -> dict[str, Any]:
    cluster = one.facts.cluster
    ages = [one.seconds(process) for process in cluster.workers]
    return {
        "process_model": one.look.model,
        "supervisor": one.host.settings.supervisor,
        "masters": [process.pid for process in cluster.masters],
        "workers": {
            "running": len(cluster.workers),
            "wanted": cluster.workers_wanted,
            "pids": [process.pid for process in cluster.workers],
            "oldest_seconds": max(ages) if ages else None,
        },
        "pidfiles": [
            *({"name": p.name, "pid": p.text, "verdict": p.verdict} for p in cluster.pidfiles),
            *({"name": "", "pid": str(p.pid), "verdict": "missing"} for p in one.unnamed),
        ],
        "endpoints": [{"name": e.name, "listens": e.listens} for e in one.look.endpoints],
    }


def _machine(one: Seen) -> dict[str, Any]:
    machine, look = one.facts.machine, one.look
    return {
        "memory": {"total_kb": machine.total, "available_kb": machine.memory},
        "swap": {"total_kb": look.swap_total, "free_kb": look.swap_free},
        "load": list(look.load),
        "cpus": machine.cpus,
        "disk": {
            "total_kb": look.disk_total,
            "free_kb": machine.disk,
            "inodes_free": machine.inodes,
        },
        "node": machine.node,
        "packages": look.packages,
    }


def _records(one: Seen) -> dict[str, Any]:
    lock, last, drift = one.lock, one.last, one.drift
    files = [{"path": path, "what": what} for path, what in drift.files]
    return {
        "drift": None if drift.fault or not drift.is_asked else files,
        "lock": lock
        and {
            "who": lock.who,
            "from": lock.machine,
            "since": lock.since,
            "task": lock.task,
            "run": lock.run,
        },
        "last_deploy": last
        and {
            "at": last.at,
            "who": last.who,
            "from": last.machine,
            "task": last.task,
            "run": last.run,
            "revision": last.revision,
            "outcome": last.outcome,
        },
    }
