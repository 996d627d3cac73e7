"""The rules that are looked at before every deploy; a new rule is a file and a line here."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.checks import (
    Finding,
    Rule,
    Subject,
    capacity,
    elsewhere,
    limits,
    local_changes,
    logout,
    node_pairing,
    other_user,
    ownership,
    package,
    pidfile,
    room,
    supervision,
    tools,
)

RULES: tuple[Rule, ...] = tuple(
    module.RULE
    for module in (
        pidfile,
        other_user,
        elsewhere,
        tools,
        node_pairing,
        package,
        local_changes,
        room,
        ownership,
        logout,
        supervision,
        limits,
        capacity,
    )
)


def preflight(subjects: Iterable[Subject]) -> list[Finding]:
    """Every finding of every rule on every host."""
    return [found for subject in subjects for rule in RULES for found in rule.findings(subject)]
