"""logind ends a user's processes at logout when KillUserProcesses is on (logind.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """A detached cluster outlives the SSH session; a user unit has its manager."""
    machine, supervisor = subject.facts.machine, subject.host.settings.supervisor
    mend = f"sudo loginctl enable-linger {machine.user}"
    outlives = supervisor == "pm2" and machine.pm2_boot
    keeps_none = supervisor in ("detached", "pm2") and not outlives
    if keeps_none and machine.kill_user_processes and not machine.linger:
        yield "error", "KillUserProcesses is on: the cluster would be lost at logout", mend
    if supervisor == "systemd-user" and not machine.linger:
        yield "error", f"no linger for {machine.user}: the units would be lost at logout", mend


RULE = Rule("logout", "A cluster that ends with the deploy's session is an outage.", look)
