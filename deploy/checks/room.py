"""Disk bytes and inodes: npm writes tens of thousands of small files."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject

PACKAGES = 300 * 1024
"""Kilobytes that an install may need beside the tree; ActionHero 29's own packages take 20 MB."""
FILES = 30_000
"""Inodes that an install may need."""


def look(subject: Subject) -> Iterator[Problem]:
    """A second tree and a second set of packages fit."""
    machine = subject.facts.machine
    needed = 2 * machine.tree_size + PACKAGES
    if machine.disk < needed:
        yield (
            "error",
            f"{machine.disk // 1024} MB are free where the app lives, "
            f"{needed // 1024} MB may be needed",
            "make room: old logs, .deploy/deps, .deploy/prepared",
        )
    if machine.inodes is not None and machine.inodes < FILES:
        yield (
            "error",
            f"{machine.inodes} inodes are free where the app lives, {FILES} may be needed",
            "remove directories of many small files (old node_modules)",
        )


RULE = Rule("room", "A disk that fills up in the middle leaves half an install.", look)
