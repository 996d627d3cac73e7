"""A machine that boots has to bring its app back."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, HostScene, Place, Scene


def _path(scene: Scene, one: HostScene) -> str:
    return one.host.settings.path or scene.environment.app.path


def look(scene: Scene) -> Iterator[Place]:
    """Places where nothing starts the app at boot."""
    for one in scene.hosts:
        supervisor, machine = one.host.settings.supervisor, one.facts.machine
        units = [unit for unit in one.facts.cluster.units if unit.manager != "pm2"]
        managed = units or supervisor.startswith("systemd") or machine.pm2_boot
        if not managed and not one.audit.boot:
            yield one.host.name, "boot", f"nothing names {_path(scene, one)}"


RULE = AuditRule(
    id="no_boot",
    what="nothing starts the app at boot",
    why="After a power cut the app stays down until somebody notices.",
    source=NOTES,
    severity="warning",
    mend="use a systemd supervisor (`invoke render-units`), or the programs init or monit",
    before="supervisor: detached",
    after="supervisor: detached\nprograms: {init: {}}",
    look=look,
)
