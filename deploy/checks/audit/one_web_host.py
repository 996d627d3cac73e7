"""One host that serves is one host that can fail."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where only one host serves."""
    serving = [host.name for host in scene.app_hosts if host.serves]
    if len(serving) == 1:
        yield serving[0], "hosts", "the only host that serves"


RULE = AuditRule(
    id="one_web_host",
    what="only one host serves",
    why="With it, everything is down.",
    source=NOTES,
    severity="notice",
    mend="add a host with the role that serves, and a balancer in front",
    before="hosts: {web1: {roles: [web]}}",
    after="hosts: {web1: {roles: [web]}, web2: {roles: [web]}}",
    look=look,
)
