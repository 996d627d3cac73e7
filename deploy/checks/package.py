"""The app's package.json and lockfile, at the commit that is going to be deployed."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """There is a package.json, and a lockfile where `npm ci` is wanted."""
    target, wanted = subject.target, subject.environment.app.dependencies.node
    if not target.has_package:
        yield (
            "error",
            f"no package.json at {target.revision[:10]}",
            "is this the right repository and branch?",
        )
    elif not target.has_lockfile and wanted == "ci":
        yield (
            "error",
            f"dependencies.node is ci, and there is no lockfile at {target.revision[:10]}",
            "commit package-lock.json",
        )
    elif not target.has_lockfile and wanted == "auto":
        yield (
            "warning",
            "no lockfile: npm install takes whatever is newest, and hosts can differ",
            "commit package-lock.json",
        )


RULE = Rule("package", "Without a lockfile two hosts can run different packages.", look)
