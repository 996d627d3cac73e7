"""Redis takes a limited number of clients, and old and new processes are connected together."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject
from deploy.facts.overlap import RedisState, stops_first

NEAR = 0.8
"""Part of the limit from which on a warning is due."""


def look(subject: Subject) -> Iterator[Problem]:
    """What the old processes of all hosts have open fits in once more; told for one host."""
    seen = {name: facts.overlap for name, facts in subject.fleet.items() if facts.overlap}
    told = {name: one.redis for name, one in seen.items() if one.redis}
    if not told or subject.host.name != next(iter(told)):
        return
    hosts = subject.environment.hosts
    more = sum(one.ours for name, one in told.items() if not stops_first(hosts[name], seen[name]))
    redis = max(told.values(), key=lambda one: one.connected)
    needed = redis.connected + more
    text = (
        f"redis takes {redis.most} clients: {redis.connected} are connected, and new processes "
        f"beside the old ones open {more} more"
    )
    if redis.most and more and needed > redis.most * NEAR:
        yield "error" if needed > redis.most else "warning", text, _hint(redis, needed)


def _hint(redis: RedisState, needed: int) -> str:
    """With a quarter to spare, in hundreds."""
    wanted = -(-needed * 5 // 400) * 100
    at = f"-h {redis.address} -p {redis.port} " if redis.port != "0" else ""
    return (
        f"redis-cli {at}CONFIG SET maxclients {wanted}, and the same in redis.conf "
        "(its limit of open files has to allow it)"
    )


RULE = Rule("redis_clients", "Redis refuses everybody who comes after the last one.", look)
