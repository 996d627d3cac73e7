"""Changes that somebody made on the host: a deploy would drop them."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """Tracked files are those of the commit; what a cut-off deploy left goes back by itself."""
    tree = subject.facts.tree
    if tree.dirty and not subject.force and not tree.interrupted:
        yield (
            "error",
            "\n".join((f"tracked files were changed on the host ({tree.changes}):", *tree.dirty)),
            "commit and push them, or drop them: --force",
        )


RULE = Rule("local_changes", "A hot fix made on a host is lost, unless somebody is told.", look)
