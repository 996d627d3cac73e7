"""The rules of the decision protocol, each a switch: what a rule guards shows when it is taken out.
Numbers are those of docs/protocol.md; a rule of several parts has a switch a part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """Every rule in force, unless one is taken out by name."""

    lock_every_host: bool = True
    """1: a host that cannot be reached refuses the deploy, and is not skipped."""
    fence: bool = True
    """2: a host switches only for the run that was last granted its lock."""
    settle_older: bool = True
    """3: with all locks, older switches are settled before the run opens a register of its own."""
    incarnation: bool = True
    """4: a register is open only on the redis that opened it, not on one that took over."""
    missing_is_undecidable: bool = True
    """5: a key that is gone is no answer, and nobody writes a decision in its place."""
    switch_if_settled: bool = True
    """6: a switch wants nothing pending on the host: a second line behind 2 and 3."""
    switch_if_open: bool = True
    """6: a switch wants the run's register open."""
    point_live_if_pending: bool = True
    """7: live is re-pointed only while the run is still pending there."""
    commit_if_all_proved: bool = True
    """8: one host without proof, and the run does not try commit."""
    undo_decides: bool = True
    """8: an undo decides abort even where nothing is pending yet: the switch may come after it."""
    ask_again: bool = True
    """9: an answer that was lost is asked for again, never taken for a failure."""
    watcher_needs_register: bool = True
    """10: a watcher that cannot read the register stays pending."""
    watcher_supervised: bool = True
    """10: a watcher that was killed is started again."""
    boot_keeps_pending: bool = True
    """11: a host that boots does not end its switch by itself."""
    boot_watches: bool = True
    """11: a host that boots while pending starts its watcher."""
    boot_voids_proof: bool = True
    """11: a proof given before a boot says nothing of what runs after it."""
    confirm_starts_release: bool = True
    """12: to confirm starts the release where a boot left the old one running."""
    confirm_if_pending: bool = True
    """12: a late confirm or return finds its run no longer pending, and does nothing."""
    resume_undecidable: bool = True
    """13: a register that can decide no more is replaced by a run that holds all locks."""
    freeze_first: bool = True
    """13: no pending host moves while that run collects what the hosts' journals say."""
    confirmed_anywhere_confirms: bool = True
    """13: one journal that says confirmed, and all are confirmed."""
    success_if_all_confirmed: bool = True
    """14: exit 0 says that every host reported itself confirmed."""
    forget_if_all_settled: bool = True
    """15: the register is kept until every host reported that it needs it no more."""
