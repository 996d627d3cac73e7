"""Tasks want processes of their own: they are slow where actions are quick."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where no role runs tasks apart from the web servers."""
    if scene.app_hosts and all(host.serves for host in scene.app_hosts):
        yield "", "roles", "every role that runs the app serves"


RULE = AuditRule(
    id="no_task_role",
    what="no role runs tasks apart from the web servers",
    why="Tasks slow down every request of the process that works them.",
    source=NOTES,
    severity="warning",
    mend="give a role `serves: false`, and a host that role",
    before="roles: {web: {}}",
    after="roles: {web: {}, worker: {serves: false}}",
    look=look,
)
