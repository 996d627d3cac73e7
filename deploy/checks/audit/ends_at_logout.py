"""logind may end what a session left behind."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where the cluster ends when its session does."""
    for one in scene.hosts:
        machine, supervisor = one.facts.machine, one.host.settings.supervisor
        ends = machine.kill_user_processes if supervisor in ("detached", "pm2") else True
        if supervisor != "systemd" and ends and not machine.linger:
            yield one.host.name, "linger", f"none for {machine.user}"


RULE = AuditRule(
    id="ends_at_logout",
    what="the cluster ends when its session does",
    why="The next logout of the deploy user is an outage.",
    source="logind.conf(5)",
    severity="error",
    mend="sudo loginctl enable-linger USER",
    before="KillUserProcesses=yes",
    after="loginctl enable-linger deploy",
    look=look,
)
