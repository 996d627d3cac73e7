"""A host key that nobody checks may be anybody's."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene

_OPEN = (
    ["stricthostkeychecking", "no"],
    ["stricthostkeychecking", "off"],
    ["stricthostkeychecking", "accept-new"],
    ["userknownhostsfile", "/dev/null"],
)


def look(scene: Scene) -> Iterator[Place]:
    """Places where ssh is told not to check host keys."""
    for number, line in enumerate(scene.ssh_config.splitlines(), 1):
        words = line.replace("=", " ").lower().split()
        if words in _OPEN:
            yield "", f"{scene.environment.ssh.config}:{number}", line.strip()


RULE = AuditRule(
    id="host_key_trust",
    what="ssh is told not to check host keys",
    why="Whoever stands between gets the code and every secret.",
    source="ssh_config(5)",
    severity="error",
    mend="take StrictHostKeyChecking out, and put the keys into known_hosts",
    before="Host *\n  StrictHostKeyChecking no",
    after="Host *\n  UserKnownHostsFile known_hosts",
    look=look,
)
