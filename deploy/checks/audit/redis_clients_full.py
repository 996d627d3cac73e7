"""Redis refuses everybody who comes after the last one."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis takes few more clients."""
    for one in scene.redis:
        for server in one.state.servers:
            if server.max_clients and server.clients > 0.8 * server.max_clients:
                what = f"{server.clients} of {server.max_clients} clients"
                yield one.host, f"redis {server.address}", what


RULE = AuditRule(
    id="redis_clients_full",
    what="redis takes few more clients",
    why="A deploy needs room for old and new processes.",
    source=MEASURED,
    severity="warning",
    mend="raise maxclients, and its limit of open files",
    before="maxclients 64",
    after="maxclients 10000",
    look=look,
)
