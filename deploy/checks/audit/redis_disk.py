"""A redis that cannot write takes no more jobs."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where redis' last write to its disk failed."""
    for one in scene.redis:
        for server in one.state.servers:
            if not server.saves or not server.appends:
                what = "snapshot" if not server.saves else "append-only file"
                yield one.host, f"redis {server.address}", f"the last {what} failed"


RULE = AuditRule(
    id="redis_disk",
    what="redis' last write to its disk failed",
    why="It refuses writes (MISCONF), or loses them at a restart.",
    source="redis.io, persistence",
    severity="error",
    mend="look for room and rights in its directory, then at its log",
    before="rdb_last_bgsave_status:err",
    after="rdb_last_bgsave_status:ok",
    look=look,
)
