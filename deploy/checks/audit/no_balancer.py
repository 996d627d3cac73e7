"""Layers in front give control, back-pressure and a host that can be left out."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where several hosts serve, and no balancer is known."""
    serving = [host.name for host in scene.app_hosts if host.serves]
    if len(serving) > 1 and not scene.has_program("haproxy", "nginx_balancer"):
        yield "", "programs", f"no balancer in front of {', '.join(serving)}"


RULE = AuditRule(
    id="no_balancer",
    what="several hosts serve, and no balancer is known",
    why="Nobody can take one host out of the traffic.",
    source=NOTES,
    severity="notice",
    mend="add haproxy or nginx_balancer to a host's programs; else suppress this",
    before="programs: {nginx: {}}",
    after="programs: {haproxy: {}}",
    look=look,
)
