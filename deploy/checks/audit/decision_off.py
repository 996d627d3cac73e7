"""Without one decision two halves of a fleet can end on two versions."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where hosts do not decide together."""
    environment = scene.environment
    several = len(scene.app_hosts) > 1
    if environment.strategy == "releases" and several and environment.decision.kind == "off":
        yield "", "decision.kind", "off"


RULE = AuditRule(
    id="decision_off",
    what="hosts do not decide together",
    why="A controller that dies in the middle leaves two revisions that serve.",
    source=MEASURED,
    severity="warning",
    mend="take `decision.kind: off` out of the inventory",
    before="decision: {kind: off}",
    after="decision: {kind: auto}",
    look=look,
)
