"""Steps that make a release on a host, beside those that serve, and that remove old ones."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.inventory.layout import ReleasesLayout
from deploy.inventory.models import App, Command, OnceCommand
from deploy.plan import Step
from deploy.shell import call
from deploy.steps.code import FETCH_SECONDS


def prepare_release(app: App, layout: ReleasesLayout, name: str, revision: str) -> tuple[Step, ...]:
    """From nothing to a complete release `name` (its run's time and 7 of `revision`)."""
    return (
        ensure_mirror(app, layout),
        fetch_commit(app, layout, revision),
        make_release(layout, name, revision),
        link_shared(app, layout, name),
        install_python(app, layout, name),
        install_node(app, layout, name),
        *(run_build(layout, name, i, one) for i, one in enumerate(app.build, 1)),
        complete_release(layout, name),
    )


def ensure_mirror(app: App, layout: ReleasesLayout) -> Step:
    """A bare repository with the right remote, and the directories beside it."""
    return Step(
        "ensure_mirror", "find the mirror", call("ensure_mirror", layout.root, app.repository)
    )


def fetch_commit(app: App, layout: ReleasesLayout, revision: str) -> Step:
    """The commit's objects, fetched into the mirror without a prompt."""
    arguments = (layout.mirror, app.repository, revision, app.branch, FETCH_SECONDS)
    return Step("fetch_commit", f"fetch {revision[:10]}", call("fetch_commit", *arguments))


def make_release(layout: ReleasesLayout, name: str, revision: str) -> Step:
    """The commit's files in a directory of their own; the next one removes what is unfinished."""
    return Step(
        "make_release", f"make release {name}", call("make_release", layout.root, name, revision)
    )


def link_shared(app: App, layout: ReleasesLayout, name: str) -> Step:
    """What outlives a release stands in it as links."""
    return Step(
        "link_shared",
        "link shared files",
        call("link_shared", layout.root, name, "\n".join(app.shared)),
    )


def install_node(app: App, layout: ReleasesLayout, name: str) -> Step:
    """The app's npm packages; npm runs only where no release has their key."""
    wanted = app.dependencies
    arguments = (wanted.timeout, wanted.node, "\n".join(wanted.flags), "\n".join(wanted.inputs))
    return Step(
        "install_node",
        "install npm packages",
        call("install_release_node", layout.root, name, *arguments),
    )


def install_python(app: App, layout: ReleasesLayout, name: str) -> Step:
    """The app's Python requirements, where it has any."""
    wanted = app.dependencies
    return Step(
        "install_python",
        "install pip packages",
        call("install_release_python", layout.root, name, wanted.timeout, wanted.python),
    )


def run_build(layout: ReleasesLayout, name: str, number: int, one: Command) -> Step:
    """A build command of the app's own, in the unfinished release."""
    tree = layout.partial(name)
    return Step(f"run_build_{number}", one.run, call("run_build", tree, one.run, one.timeout))


def run_once(layout: ReleasesLayout, name: str, number: int, one: OnceCommand) -> Step:
    """A command that runs on one host only, in the complete release."""
    tree = layout.release(name)
    return Step(f"run_once_{number}", one.run, call("run_once", tree, one.run, one.timeout))


def complete_release(layout: ReleasesLayout, name: str) -> Step:
    """The release is verified, on the disk, and never modified from here on."""
    return Step(
        "complete_release", "complete the release", call("complete_release", layout.root, name)
    )


def check_release(layout: ReleasesLayout, name: str) -> Step:
    """The release is still what it was when it became complete: a rollback's may be old."""
    wanted = call("check_release", layout.root, name)
    return Step("check_release", "look whether it is whole", wanted)


def prune_releases(layout: ReleasesLayout, keep: int, protected: Iterable[str] = ()) -> Step:
    """Old releases go, but for `keep` that served well and what anything still needs."""
    return Step(
        "prune_releases",
        "remove old releases",
        call("prune_releases", layout.root, keep, *protected),
    )
