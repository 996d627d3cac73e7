"""The rules that are looked at before every deploy; a new rule is a file and a line here."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.checks import (
    Finding,
    Rule,
    Subject,
    adopted,
    capacity,
    confined,
    elsewhere,
    limits,
    local_changes,
    logout,
    node_pairing,
    other_user,
    overlap_memory,
    ownership,
    package,
    pidfile,
    redis_clients,
    room,
    supervision,
    taken,
    tools,
    units,
    walkable,
)

RULES: tuple[Rule, ...] = tuple(
    module.RULE
    for module in (
        adopted,
        pidfile,
        other_user,
        elsewhere,
        taken,
        tools,
        node_pairing,
        package,
        local_changes,
        room,
        ownership,
        logout,
        supervision,
        units,
        limits,
        capacity,
        walkable,
        overlap_memory,
        redis_clients,
        confined,
    )
)


def preflight(subjects: Iterable[Subject]) -> list[Finding]:
    """Every finding of every rule on every host."""
    return [found for subject in subjects for rule in RULES for found in rule.findings(subject)]
