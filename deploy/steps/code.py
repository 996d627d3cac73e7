"""Steps that bring code and packages to a host: beside the live tree first, then into it."""

from __future__ import annotations

from deploy.inventory.layout import Layout
from deploy.inventory.models import App, Command, OnceCommand
from deploy.plan import Step
from deploy.shell import call

FETCH_SECONDS = 300


def prepare_code(app: App, layout: Layout, revision: str, *, force: bool) -> tuple[Step, ...]:
    """Everything that can be done while the old code serves; nothing live is touched."""
    return (
        ensure_tree(app, layout),
        fetch_commit(app, layout, revision),
        check_tree(layout, revision, force=force),
        prepare_tree(layout, revision),
        install_python(app, layout, revision),
        install_node(app, layout, revision),
        *(run_build(layout, revision, i, one) for i, one in enumerate(app.build, 1)),
        check_prepared(layout, revision),
    )


def ensure_tree(app: App, layout: Layout) -> Step:
    """A git repository at the app's path, with the right remote."""
    return Step("ensure_tree", "find the tree", call("ensure_tree", layout.app, app.repository))


def fetch_commit(app: App, layout: Layout, revision: str) -> Step:
    """The commit's objects, fetched without a prompt; no file of the tree changes."""
    arguments = (layout.app, app.repository, revision, app.branch, FETCH_SECONDS)
    return Step("fetch_commit", f"fetch {revision[:10]}", call("fetch_commit", *arguments))


def check_tree(layout: Layout, revision: str, *, force: bool) -> Step:
    """Refuses to lose changes that somebody made on the host."""
    decided = "yes" if force else "no"
    return Step(
        "check_tree", "look for local changes", call("check_tree", layout.app, revision, decided)
    )


def prepare_tree(layout: Layout, revision: str) -> Step:
    """The commit's files in a tree of their own."""
    tree = prepared_tree(layout, revision)
    return Step(
        "prepare_tree", "check out beside", call("prepare_tree", layout.app, tree, revision)
    )


def install_node(app: App, layout: Layout, revision: str) -> Step:
    """The app's npm packages; skipped when their key is unchanged."""
    wanted = app.dependencies
    return Step(
        "install_node",
        "install npm packages",
        call(
            "install_node",
            layout.app,
            prepared_tree(layout, revision),
            layout.dependencies,
            wanted.timeout,
            wanted.node,
            "\n".join(wanted.flags),
            "\n".join(wanted.inputs),
        ),
    )


def install_python(app: App, layout: Layout, revision: str) -> Step:
    """The app's Python requirements, where it has any."""
    wanted = app.dependencies
    tree = prepared_tree(layout, revision)
    return Step(
        "install_python",
        "install pip packages",
        call(
            "install_python",
            layout.app,
            tree,
            layout.venvs,
            wanted.timeout,
            wanted.python,
        ),
    )


def run_build(layout: Layout, revision: str, number: int, one: Command) -> Step:
    """A build command of the app's own, in the prepared tree."""
    tree = prepared_tree(layout, revision)
    return Step(f"run_build_{number}", one.run, call("run_build", tree, one.run, one.timeout))


def check_prepared(layout: Layout, revision: str) -> Step:
    """What starts was made in the prepared tree; else what an earlier build left would start."""
    tree = prepared_tree(layout, revision)
    return Step("check_prepared", "look for what starts", call("check_prepared", tree))


def run_once(layout: Layout, revision: str, number: int, one: OnceCommand) -> Step:
    """A command that runs on one host only."""
    tree = layout.app if one.when == "after" else prepared_tree(layout, revision)
    return Step(f"run_once_{number}", one.run, call("run_once", tree, one.run, one.timeout))


def checkout_tree(layout: Layout, revision: str, *, force: bool) -> Step:
    """The live tree goes to the revision; undo brings it back."""
    decided = "yes" if force else "no"
    return Step(
        "checkout_tree",
        f"check out {revision[:10]}",
        call("checkout_tree", layout.app, revision, decided),
        undo=call("restore_tree", layout.app),
    )


def swap_outputs(layout: Layout, revision: str) -> Step:
    """Packages and build results go into the live tree by renames; undo swaps them back."""
    arguments = (layout.app, prepared_tree(layout, revision), layout.dependencies)
    return Step(
        "swap_outputs",
        "swap in packages and build results",
        call("swap_outputs", *arguments),
        undo=call("restore_outputs", *arguments),
    )


def prepared_tree(layout: Layout, revision: str) -> str:
    """Where a revision is made ready."""
    return f"{layout.prepared}/{revision}"
