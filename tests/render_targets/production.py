"""The redis servers and sentinels of inventory/production.yml, started on this machine.

Addresses, ports, directories and users are the test's; all else is as production.yml has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.render_targets.conftest import Start, program
from tests.render_targets.examples import loaded, written
from tests.render_targets.redises import Node

SERVERS = ("redis1", "redis2", "cache1")
GUARDS = ("redis1", "redis2", "jobs1")
HERE = "127.0.0.1"


@dataclass
class Production:
    """A primary, its replica and three sentinels for tasks; one server for the cache."""

    box: Path
    servers: dict[str, Node] = field(init=False)
    guards: dict[str, Node] = field(init=False)

    def __post_init__(self) -> None:
        self.servers = {one: Node(one, "redis_server", self.box / one) for one in SERVERS}
        self.guards = {one: Node(one, "sentinel", self.box / f"{one}-guard") for one in GUARDS}

    def environment(self, **app: Any) -> Environment:
        """production.yml with these places, and that of the app."""
        inventory = written("production")
        inventory["app"] |= app
        for node in (*self.servers.values(), *self.guards.values()):
            _place(inventory["hosts"][node.name], node)
        redis = inventory["actionhero"]["redis"]
        redis |= {"host": HERE, "port": self.servers["cache1"].port}
        redis["tasks"]["sentinels"] = [
            {"host": HERE, "port": self.guards[one].port} for one in ("redis1", "redis2", "jobs1")
        ]
        return loaded("production", inventory, self.box)

    def start(self, start: Start) -> None:
        """All of them, until the replica follows and each sentinel knows both others."""
        environment = self.environment()
        for one in (*self.servers.values(), *self.guards.values()):
            one.write(environment)
        for one in self.servers.values():
            one.start(start)
        replica = self.servers["redis2"]
        wait_until(lambda: replica.info("master_link_status") == "up", "the replica", 60)
        for name, one in self.guards.items():
            one.process = start(
                program("redis-server"), one.live, "--sentinel", name=f"{name}-guard"
            )
        for one in self.guards.values():
            wait_until(lambda one=one: others(one) == 2, f"the sentinel of {one.name}", 60)  # type: ignore[misc]


def _place(host: dict[str, Any], node: Node) -> None:
    """Let that program of the host have the node's places."""
    own = node.host()
    host |= {"address": HERE, "port": node.port}
    host.setdefault("programs", {})[node.program] = own["programs"][node.program]
    knobs = {**host.get(node.program, {}), **own[node.program], "bind": [HERE]}
    if node.program == "sentinel":
        del knobs["password_env"]  # the client of ActionHero 14 has none for sentinels
    host[node.program] = knobs


def others(guard: Node) -> int:
    """Other sentinels that it knows, of the primary's."""
    said = guard.ask("SENTINEL", "MASTER", "mymaster", password="").splitlines()
    return int(dict(zip(said[::2], said[1::2], strict=False)).get("num-other-sentinels", 0))
