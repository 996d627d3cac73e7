"""What the machine's own systemd and sudo have to be given once, by an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from deploy.checks import Problem, Rule, Subject

_WORDS = {
    "missing": "systemd has no unit {}",
    "differs": "{} is not as this inventory would have it",
    "denied": "sudo does not let {user} run {} without a password",
}


def look(subject: Subject) -> Iterator[Problem]:
    """The app's units are installed, and sudo lets us start and stop them."""
    machine, host = subject.facts.machine, subject.host.name
    for fault, what in machine.units:
        yield (
            "warning" if fault == "differs" else "error",
            _WORDS[fault].format(what, user=machine.user),
            f"invoke render-units --env {subject.environment.name} --limit {quote(host)}; "
            f"then, as root on {host}: sh build/{quote(host)}/systemd/install.sh",
        )


RULE = Rule("units", "Without them nothing could be started, or stopped, or started at boot.", look)
