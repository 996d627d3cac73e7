"""Every rule of `invoke status`: the one place where a finding or a note is added.

A finding wants somebody's hand, and makes the exit code 1; a note explains, or wants an eye.
"""

from __future__ import annotations

from deploy.checks.status import (
    Finding,
    FleetView,
    StatusRule,
    each,
    fleet,
    machine,
    pidfiles,
    processes,
)

RULES: tuple[StatusRule, ...] = (
    StatusRule("unreachable", "finding", "revision", fleet.unreachable),
    StatusRule("no_cluster", "finding", "workers", each(processes.no_cluster)),
    StatusRule("two_masters", "finding", "master", each(processes.two_masters)),
    StatusRule("doomed_master", "finding", "master", each(processes.doomed_master)),
    StatusRule("crash_loop", "finding", "workers", each(processes.crash_loop)),
    StatusRule("dead_worker", "finding", "workers", each(processes.dead_worker)),
    StatusRule("surplus_worker", "finding", "workers", each(processes.surplus_worker)),
    StatusRule("old_code", "finding", "proved", each(processes.old_code)),
    StatusRule("unproved", "finding", "proved", each(processes.unproved)),
    StatusRule("changed_tree", "finding", "revision", each(processes.changed_tree)),
    StatusRule("cut_off", "finding", "revision", each(processes.cut_off)),
    StatusRule("version_skew", "finding", "revision", fleet.version_skew),
    StatusRule("foreign_pidfile", "finding", "pidfiles", each(pidfiles.foreign_pidfile)),
    StatusRule("stale_pidfile", "finding", "pidfiles", each(pidfiles.stale_pidfile)),
    StatusRule("missing_pidfile", "finding", "pidfiles", each(pidfiles.missing_pidfile)),
    StatusRule("disk_full", "finding", "disk free", each(machine.disk_full)),
    StatusRule("drift", "finding", "drift", each(fleet.drift)),
    StatusRule("locked", "note", "lock", each(fleet.locked)),
    StatusRule("crashes", "note", "workers", each(processes.crashes)),
    StatusRule("last_failed", "note", "last deploy", each(fleet.last_failed)),
    StatusRule("little_memory", "note", "mem free", each(machine.little_memory)),
    StatusRule("much_swap", "note", "swap used", each(machine.much_swap)),
    StatusRule("high_load", "note", "load", each(machine.high_load)),
    StatusRule("replaced_node", "note", "node", each(processes.replaced_node)),
    StatusRule("node_skew", "note", "node", fleet.node_skew),
    StatusRule("packages_skew", "note", "packages", fleet.packages_skew),
    StatusRule("unknown_drift", "note", "drift", each(fleet.unknown_drift)),
)
"""In the order in which they are told."""


def judge_fleet(view: FleetView) -> list[Finding]:
    """All that stands out, findings before notes."""
    return [Finding(rule, place) for rule in RULES for place in rule.look(view)]


def is_well(findings: list[Finding]) -> bool:
    """Nobody's hand is needed."""
    return all(one.rule.severity == "note" for one in findings)
