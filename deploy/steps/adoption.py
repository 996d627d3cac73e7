"""Steps that turn an in-place tree into the first release, in the directory that it has.

nginx keeps the sockets that it knows: they become links to those of the release that is live.
"""

from __future__ import annotations

from deploy.inventory.layout import Layout
from deploy.inventory.models import App, Host
from deploy.plan import Step
from deploy.shell import call


def adopt_tree(app: App, host: Host, tree: Layout) -> Step:
    """A mirror of its objects, and what is shared stays where it stands."""
    arguments = (tree.app, app.repository, "\n".join(app.shared), _sockets(host, tree))
    return Step("adopt_tree", "prepare the tree", call("adopt_tree", *arguments))


def adopt_sockets(host: Host, tree: Layout, run: str) -> Step:
    """One rename a socket; settling the switch undoes it."""
    return Step(
        "adopt_sockets", "link nginx's sockets", call("adopt_sockets", run, _sockets(host, tree))
    )


def _sockets(host: Host, tree: Layout) -> str:
    """Nobody connects to a worker."""
    return tree.sockets_dir if host.serves else ""
