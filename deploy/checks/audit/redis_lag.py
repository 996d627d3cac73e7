"""A replica far behind is a copy of yesterday."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import NOTES, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where a replica does not keep up."""
    for one in scene.redis:
        for server in one.state.servers:
            for replica in server.replicas:
                if replica.state != "online" or replica.lag > 10:
                    what = f"{replica.state}, {replica.lag} s behind"
                    yield one.host, f"replica {replica.address}", what


RULE = AuditRule(
    id="redis_lag",
    what="a replica does not keep up",
    why="A failover to it loses what it has not got.",
    source=NOTES,
    severity="warning",
    mend="look at the network and the disk between them",
    before="lag=60",
    after="lag=0",
    look=look,
)
