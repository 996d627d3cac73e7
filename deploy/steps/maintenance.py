"""Steps that close a site and open it again."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.inventory.layout import Layout
from deploy.plan import Step
from deploy.shell import call


def close_site(layout: Layout, run: str) -> Step:
    """nginx answers 503; the way back opens what this run closed."""
    return Step(
        "close_site",
        "close the site",
        call("close_site", layout.maintenance, run),
        undo=call("reopen_site", layout.maintenance, run),
    )


def prove_closed(url: str, name: str) -> Step:
    """nginx says so itself; before there are friends, since the host may be one."""
    return Step("prove_closed", "prove that it is closed", call("prove_closed", url, name))


def admit_friends(layout: Layout, addresses: Sequence[str]) -> Step:
    """These addresses pass, and whoever is connected."""
    one = call("admit_friends", layout.maintenance, *addresses)
    return Step("admit_friends", "let friends pass", one)


def open_site(layout: Layout) -> Step:
    """nginx answers as ever."""
    return Step("open_site", "open the site", call("open_site", layout.maintenance))
