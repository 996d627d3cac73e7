"""Old ActionHero does not run on new Node."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene
from deploy.inventory.process_model import node_pairing


def look(scene: Scene) -> Iterator[Place]:
    """Places where ActionHero and Node do not go together."""
    for one in scene.hosts:
        node, version = one.facts.machine.node, one.facts.cluster.installed
        if node and version and (why := node_pairing(version, node)):
            yield one.host.name, f"ActionHero {version} on Node {node}", why


RULE = AuditRule(
    id="node_version",
    what="ActionHero and Node do not go together",
    why="It does not start again, or only with a patch.",
    source=MEASURED,
    severity="error",
    mend="set node_bin to a Node that goes with it",
    before="node_bin: /usr/bin   # Node 20, ActionHero 14",
    after="node_bin: /opt/node-8/bin",
    look=look,
)
