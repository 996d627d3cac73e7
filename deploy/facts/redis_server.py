"""One redis server, as its INFO tells of it: memory, replicas, what it keeps on disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica that is connected."""

    address: str
    state: str
    """`online` once it follows."""
    behind: int
    """Bytes that it has not acknowledged."""
    lag: int
    """Seconds since it was last heard."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One server; sizes are bytes."""

    address: str
    run_id: str
    """Of this server since its start: the same for all who ask it."""
    version: str
    role: str
    """`master` or `slave`."""
    uptime: int
    """Seconds."""
    used: int
    most: int
    """`maxmemory`; 0: no limit."""
    policy: str
    """What goes when memory is full: `noeviction`, `allkeys-lru` …"""
    evicted: int
    """Keys that went for want of memory since the start."""
    clients: int
    max_clients: int
    """0 where it does not tell (before Redis 6)."""
    append_only: bool
    appends: bool
    """The last write to the append-only file was well."""
    saves: bool
    """The last snapshot was well."""
    saved_at: int
    """Unix time of the last snapshot, or of the start."""
    unsaved: int
    """Changes since the last snapshot."""
    is_cluster: bool = False
    replicas: tuple[Replica, ...] = ()
    primary: str = ""
    """Of a replica: whom it follows."""
    primary_link: str = ""
    """Of a replica: `up` while it follows."""

    @property
    def part_used(self) -> float | None:
        """Part of its limit that is used; None without a limit."""
        return self.used / self.most if self.most else None


def parse_server(address: str, info: str) -> RedisServer:
    """Parse the text of INFO. Raises KeyError where it is none of redis."""
    rows = (line.partition(":") for line in info.splitlines() if ":" in line)
    values = {key: value.strip() for key, _, value in rows}
    offset = _number(values, "master_repl_offset")
    is_replica = values["role"] == "slave"
    return RedisServer(
        address=address,
        run_id=values.get("run_id", ""),
        version=values["redis_version"],
        role=values["role"],
        uptime=_number(values, "uptime_in_seconds"),
        used=_number(values, "used_memory"),
        most=_number(values, "maxmemory"),
        policy=values.get("maxmemory_policy", ""),
        evicted=_number(values, "evicted_keys"),
        clients=_number(values, "connected_clients"),
        max_clients=_number(values, "maxclients"),
        append_only=values.get("aof_enabled") == "1",
        appends=values.get("aof_last_write_status", "ok") == "ok",
        saves=values.get("rdb_last_bgsave_status", "ok") == "ok",
        saved_at=_number(values, "rdb_last_save_time"),
        unsaved=_number(values, "rdb_changes_since_last_save"),
        is_cluster=values.get("cluster_enabled") == "1",
        replicas=tuple(
            _replica(values[f"slave{n}"], offset)
            for n in range(_number(values, "connected_slaves"))
            if f"slave{n}" in values
        ),
        primary=f"{values['master_host']}:{values['master_port']}" if is_replica else "",
        primary_link=values.get("master_link_status", ""),
    )


def _replica(text: str, offset: int) -> Replica:
    values = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    return Replica(
        address=f"{values['ip']}:{values['port']}",
        state=values["state"],
        behind=max(0, offset - int(values.get("offset", 0))),
        lag=int(values.get("lag", 0)),
    )


def _number(values: dict[str, str], key: str) -> int:
    text = values.get(key, "0")
    return int(text) if text.lstrip("-").isdigit() else 0
