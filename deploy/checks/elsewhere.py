"""A cluster that was started through a symlink goes on serving the directory it was started in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """No master of this user works in a directory beside the app's real one."""
    if subject.environment.strategy == "releases":
        return  # each release is a directory of its own, on purpose
    cluster = subject.facts.cluster
    path = subject.host.settings.path or subject.environment.app.path
    if cluster.masters or PurePosixPath(path) == PurePosixPath(cluster.root):
        return
    parent = PurePosixPath(cluster.root).parent
    for process in cluster.processes:
        beside = PurePosixPath(process.directory.removesuffix(" (deleted)")).parent == parent
        if process.owner == "me" and process.is_master and beside:
            yield (
                "error",
                f"cluster master {process.pid} runs from {process.directory}, but {path} leads to "
                f"{cluster.root}: USR2 would reload the old code",
                "stop that master and start it from the real directory, or deploy without symlink",
            )


RULE = Rule("elsewhere", "Behind a symlink USR2 can serve old code and look right.", look)
