"""One master, one keeper: systemd and pm2 start again what they run, whoever else stopped it."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject
from deploy.facts.cluster import Unit
from deploy.facts.machine import MachineState

USABLE = ("running", "degraded", "starting", "initializing")
"""States of a systemd that takes orders (systemctl(1), is-system-running)."""
KEEPERS = {"user": "systemd-user", "system": "systemd", "pm2": "pm2"}
"""The supervisor that makes units of each manager."""
SOCKET_BYTES = 107
"""Longest path of a unix socket (unix(7)): pm2 binds a longer one under a cut name, or not at all
and waits for it without end.
"""


def look(subject: Subject) -> Iterator[Problem]:
    """The supervisor of the inventory can be asked, and nobody else keeps the app's processes."""
    machine, supervisor = subject.facts.machine, subject.host.settings.supervisor
    if supervisor == "systemd-user" and machine.user_manager not in USABLE:
        yield (
            "error",
            f"the systemd of {machine.user} does not answer: {machine.user_manager}",
            f"sudo loginctl enable-linger {machine.user} starts it, at boot too; "
            "see systemctl --user status",
        )
    yield from judge_pm2(machine)
    for unit in subject.facts.cluster.units:
        if not (is_made_here(unit) and (KEEPERS[unit.manager] == supervisor or moves(subject))):
            yield (
                "error",
                f"process {unit.pid} is run by {keeper(unit)} as {unit.name}, "
                f"and supervisor is {supervisor}",
                mend(unit),
            )


def judge_pm2(machine: MachineState) -> Iterator[Problem]:
    """Where it is the supervisor, it is there and can be told things, and starts at boot."""
    if machine.pm2 == "":
        yield "error", "pm2 is not in PATH", "npm install -g pm2, or set node_bin to its directory"
        return
    if machine.pm2 and not machine.pm2_boot:
        yield (
            "warning",
            f"nothing starts pm2 of {machine.user} at boot, and with it the app",
            f"as root: pm2 startup -u {machine.user} --hp HOME",
        )
    if (size := len(machine.pm2_socket.encode())) > SOCKET_BYTES:
        yield (
            "error",
            f"the path of pm2's socket has {size} bytes, and the kernel takes {SOCKET_BYTES}: "
            f"{machine.pm2_socket}",
            "a shorter home for pm2: PM2_HOME=/srv/.pm2 in /etc/environment, then, as root: "
            f"pm2 startup -u {machine.user} --hp /srv",
        )


def keeper(unit: Unit) -> str:
    """The program that runs it."""
    return "pm2" if unit.manager == "pm2" else "systemd"


def moves(subject: Subject) -> bool:
    """A new release starts under the supervisor of now; the old one ends under its own."""
    return bool(subject.facts.releases and subject.facts.releases.confirmed)


def is_made_here(unit: Unit) -> bool:
    """The unit is of one of our drivers."""
    return unit.name.startswith("actionhero-") and "@" in unit.name


def mend(unit: Unit) -> str:
    """How the app comes to have one keeper."""
    if is_made_here(unit):
        return f"set supervisor: {KEEPERS[unit.manager]} in the inventory"
    if unit.manager == "pm2":
        return f"pm2 delete '{unit.name}' && pm2 save --force, then deploy, which starts it"
    scope = "systemctl --user" if unit.manager == "user" else "sudo systemctl"
    return f"{scope} disable --now '{unit.name}', then deploy, which starts it"


RULE = Rule("supervision", "What two keepers start runs twice, or runs old code again.", look)
