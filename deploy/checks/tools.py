"""What the verbs need in the PATH of a non-login shell."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject


def look(subject: Subject) -> Iterator[Problem]:
    """node, npm, git, flock and setsid are there."""
    machine = subject.facts.machine
    for name in ("node", "npm", "git", "flock", "setsid"):
        if not getattr(machine, name):
            hint = f"install {name}"
            if name in ("node", "npm"):
                hint += ", or set node_bin to its directory (nvm's is not in a non-login PATH)"
            yield "error", f"{name} is not in PATH", hint
    if not machine.writable:
        yield (
            "error",
            f"{machine.user} may not write where the app lives",
            "give the directory to the deploy user, once, with chown",
        )


RULE = Rule("tools", "A login shell's PATH is not the PATH of a deploy.", look)
