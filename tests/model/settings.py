"""What is explored with all rules in force, and what is enough to miss each of them.
The command prints the first; the tests demand both."""

from dataclasses import replace

from tests.model.moves import Setting
from tests.model.rules import Rules

IN_THE_TESTS = (
    Setting(hosts=2, runs=2, faults=2),
    Setting(hosts=3, runs=1, faults=2),
)
BEYOND = (
    Setting(hosts=3, runs=1, faults=3),
    Setting(hosts=3, runs=2, faults=0),
    Setting(hosts=2, runs=2, faults=3),
)

SPLIT = "one host confirmed a run, another returned from it"
MIXED = "two revisions are confirmed at rest"
FOR_EVER = "a host is pending for ever"

SECOND_LINE = ("switch_if_settled",)
"""Rules that alone can be taken out: nothing gets as far as them while the others hold."""

COUNTEREXAMPLES: dict[str, tuple[str, int, int, tuple[str, ...]]] = {
    "lock_every_host": (MIXED, 2, 1, ("link",)),
    "fence": ("a run that does not hold the host switches it", 1, 2, ()),
    "settle_older": ("a deploy goes on over a switch that is pending", 1, 2, ()),
    "incarnation": (SPLIT, 2, 1, ("failover",)),
    "missing_is_undecidable": (SPLIT, 2, 1, ("evict",)),
    "switch_if_open": (FOR_EVER, 1, 1, ()),
    "point_live_if_pending": ("new code is live with nothing pending", 1, 1, ()),
    "commit_if_all_proved": (MIXED, 2, 1, ()),
    "undo_decides": (FOR_EVER, 1, 1, ()),
    "ask_again": (SPLIT, 2, 1, ("reply",)),
    "watcher_needs_register": (SPLIT, 2, 1, ("redis",)),
    "watcher_supervised": (FOR_EVER, 1, 1, ("watcher",)),
    "boot_keeps_pending": (SPLIT, 2, 1, ("reboot",)),
    "boot_watches": (FOR_EVER, 1, 1, ("reboot",)),
    "boot_voids_proof": ("a proof is believed of a release that does not run", 1, 1, ("reboot",)),
    "confirm_starts_release": ("a host serves other than it confirmed, at rest", 1, 1, ("reboot",)),
    "confirm_if_pending": (MIXED, 2, 2, ()),
    "resume_undecidable": ("a controller is stuck", 1, 2, ("failover",)),
    "freeze_first": (SPLIT, 2, 2, ("failover",)),
    "confirmed_anywhere_confirms": (SPLIT, 2, 2, ("failover",)),
    "success_if_all_confirmed": ("exit 0 while a host has not confirmed", 1, 1, ()),
    "forget_if_all_settled": (FOR_EVER, 1, 1, ()),
}
"""Without this rule: what breaks, and the fewest hosts, deploys and faults (one of a kind)."""


def without(rule: str) -> Setting:
    """The smallest setting that misses this rule."""
    _, hosts, runs, kinds = COUNTEREXAMPLES[rule]
    return Setting(hosts, runs, len(kinds), kinds, replace(Rules(), **{rule: False}))
