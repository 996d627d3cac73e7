"""Never run tasks on the same instances as servers."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a process that serves works tasks, too."""
    serving = {
        (one.node.name, process.pid): one.host.name
        for one in scene.serving
        for process in one.facts.cluster.ours
    }
    for one in scene.redis:
        for worker in one.workers:
            host = serving.get((worker.worker.host, worker.worker.pid))
            if host:
                queues = ",".join(worker.worker.queues)
                yield host, f"process {worker.worker.pid}", f"works {queues}"


RULE = AuditRule(
    id="tasks_on_servers",
    what="a process that serves works tasks, too",
    why="Every request to it waits for the task that it works.",
    source=NOTES,
    severity="warning",
    mend="set minTaskProcessors to 0 for the role that serves",
    before="minTaskProcessors: 1",
    after="minTaskProcessors: process.env.ACTIONHERO_ROLE === 'worker' ? 1 : 0",
    look=look,
)
