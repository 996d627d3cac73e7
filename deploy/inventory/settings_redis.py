"""Knobs of redis: servers, their replicas, and the sentinels that watch them.

docs/redis.md says why each default is what it is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.fields import Count, HostName, Knobs, LogTarget, Port, SafePath, Seconds
from deploy.inventory.values import EnvironmentName, Name, User

Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(kb|mb|gb)$")]
CommandName = Annotated[str, Field(pattern=r"^[A-Z]+$")]
NewName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")]
Policy = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
]

NEEDED = {
    "replicas": ("AUTH", "PING", "REPLCONF", "PSYNC", "SYNC", "SELECT"),
    "sentinels": ("INFO", "PUBLISH", "SUBSCRIBE", "ROLE", "CLIENT", "MULTI", "EXEC", "SLAVEOF"),
    "ActionHero": ("KEYS", "SCAN", "SCRIPT", "EVAL", "EVALSHA", "HELLO", "DEL"),
}
"""Commands that keep their names, by who needs them."""


class RedisServerSettings(Knobs):
    """Values for a redis server; docs/redis.md says why each default is what it is."""

    purpose: Literal["tasks", "cache"] = "tasks"
    """`tasks` loses nothing (append-only, no eviction), `cache` forgets (no disk, eviction)."""
    replica_of: Name | None = None
    """Host of the inventory whose redis this one follows; what sentinels decided goes first."""
    cluster: bool = False
    """A node of redis cluster; `redis-cli --cluster create` joins the nodes once."""
    cluster_node_timeout: Count = 5000
    """Milliseconds after which a silent node of the cluster counts as failed."""
    port: Port = 6379
    """TCP port."""
    bind: Annotated[tuple[HostName, ...], Field(min_length=1)] = ("127.0.0.1",)
    """Addresses to listen on; others reach it at the first that is not of the loopback."""
    announce: HostName | None = None
    """Address that sentinels, clients of a cluster and others are told; none: as it is seen."""
    protected_mode: bool = True
    """Without a password, answer the loopback only."""
    password_env: EnvironmentName | None = None
    """Name under `secrets` of the password, for clients and replicas alike."""
    max_memory: Memory | None = None
    """Memory for data, as 512mb; none: all there is, or 256mb for a cache."""
    eviction: Policy | None = None
    """What goes when memory is full; none: nothing, or the least recently used for a cache."""
    append_fsync: Literal["always", "everysec", "no"] = "everysec"
    """When what is appended is forced to disk; everysec may lose a second at a power cut."""
    save: tuple[tuple[Seconds, Count], ...] | None = None
    """Snapshots: after so many seconds with so many changes; none: redis' own, none for a cache."""
    databases: Count = 16
    """Databases; redis cluster has only one."""
    max_clients: Count = 10000
    """Connections at a time."""
    renamed: dict[CommandName, NewName] = Field(
        default={"DEBUG": "", "FLUSHALL": "", "FLUSHDB": ""}
    )
    """Dangerous commands and their new names; an empty one turns a command off."""
    min_replicas: Annotated[int, Field(ge=0)] = 0
    """Replicas that have to follow, or a primary takes no writes: bounds what a failover loses."""
    user: User = "redis"
    """User and group of the server's process, and owner of what it reads and writes."""
    directory: SafePath = "/var/lib/redis"
    """Where the data is."""
    pid: SafePath = "/run/redis/redis-server.pid"
    """Pidfile."""
    log: LogTarget | Literal["stdout"] = "/var/log/redis/redis-server.log"
    """Log file, or `stdout`."""
    config: SafePath = "/etc/redis/redis.conf"
    """The file that redis reads, and writes to at a failover; made from ours by each reload."""

    @model_validator(mode="after")
    def _keeps_what_others_need(self) -> RedisServerSettings:
        for who, commands in NEEDED.items():
            for command in commands:
                if command in self.renamed:
                    raise ValueError(f"{who} need {command}: it keeps its name")
        return self

    @model_validator(mode="after")
    def _has_one_way_of_replicas(self) -> RedisServerSettings:
        if self.cluster and self.replica_of:
            raise ValueError("redis cluster finds its replicas itself: leave out replica_of")
        return self


class SentinelSettings(Knobs):
    """Values for a sentinel; three of them, on hosts that do not fail together."""

    name: Name = "mymaster"
    """Name of the primary, for clients and for `decision.sentinel_name`."""
    primary: Name | None = None
    """Host of the primary at first; none: the only redis for tasks that follows nobody."""
    quorum: Count = 2
    """Sentinels that have to agree that the primary is down; the majority of all still elects."""
    down_after: Count = 5000
    """Milliseconds without an answer after which a server counts as down."""
    failover_timeout: Count = 60000
    """Milliseconds that a failover may take before another sentinel tries."""
    parallel_syncs: Count = 1
    """Replicas that follow the new primary at the same time; they answer nothing meanwhile."""
    port: Port = 26379
    """TCP port."""
    bind: Annotated[tuple[HostName, ...], Field(min_length=1)] = ("127.0.0.1",)
    """Addresses to listen on; other sentinels and clients have to reach one."""
    announce: HostName | None = None
    """Address that others are told; none: the one that the kernel takes."""
    password_env: EnvironmentName | None = None
    """Name under `secrets` of the sentinels' own password; all have the same."""
    user: User = "redis"
    """User and group of the sentinel's process, and owner of what it reads and writes."""
    directory: SafePath = "/var/lib/redis"
    """Working directory."""
    pid: SafePath = "/run/sentinel/redis-sentinel.pid"
    """Pidfile."""
    log: LogTarget | Literal["stdout"] = "/var/log/redis/redis-sentinel.log"
    """Log file, or `stdout`."""
    config: SafePath = "/etc/redis/sentinel.conf"
    """The file that it reads and writes; made by each reload, from ours and from what it knows."""
