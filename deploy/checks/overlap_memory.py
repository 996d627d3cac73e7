"""Old and new processes run together for a while, and both want memory."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject
from deploy.facts.overlap import stops_first

NEAR = 0.8
"""Part of the room from which on a warning is due."""
HINT = "set fewer workers, or fallback: restart, which then stops the old ones first"


def look(subject: Subject) -> Iterator[Problem]:
    """What the running processes hold fits in once more."""
    overlap = subject.facts.overlap
    if not overlap or not subject.host.settings.overlap:
        return
    text = (
        f"old and new processes together need {overlap.needed / 1024:.0f} MB more, "
        f"and {overlap.room // 1024} MB are left"
    )
    if stops_first(subject.host, overlap):
        if not overlap.fits_in_turn:
            yield "error", f"{text}, too few even once the old ones have ended", "set fewer workers"
    elif not overlap.fits:
        yield "error", text, HINT
    elif overlap.needed > overlap.room * NEAR:
        yield "warning", text, HINT


RULE = Rule("overlap_memory", "The kernel would kill processes, old or new.", look)
