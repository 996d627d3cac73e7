"""Limits of open files: each connection and each socket is one."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject

FILES = 1024


def look(subject: Subject) -> Iterator[Problem]:
    """At least as many open files as the usual default."""
    files = subject.facts.machine.files
    if files.isdigit() and int(files) < FILES:
        yield "warning", f"only {files} open files are allowed", "raise `ulimit -n`: limits.conf(5)"


RULE = Rule("limits", "A low limit of open files refuses connections under load.", look)
