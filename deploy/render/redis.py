"""What redis' templates need besides their knobs: who follows whom, and under which address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_redis import RedisServerSettings
from deploy.render.quoting import Verbatim

_ANY = {"0.0.0.0", "::"}  # noqa: S104  # compared with, not listened on
_SNAPSHOTS = ((3600, 1), (300, 100), (60, 10000))
"""As redis itself has it: seconds and changes."""


@dataclass(frozen=True, slots=True)
class Primary:
    """A redis server, as others reach it."""

    address: str
    port: int
    password_env: str | None
    config_command: str
    """New name of CONFIG; empty where it has its own."""


def redis_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/redis/redis.* need. Raises DeployError that names the host."""
    knobs = host.settings.redis_server
    is_cache = knobs.purpose == "cache"
    followed = _named(environment, host, "replica_of", knobs.replica_of)
    if followed and followed.settings.redis_server.purpose != knobs.purpose:
        raise _fault(host, f"it is for {knobs.purpose}, and follows {followed.name}, which is not")
    watched = is_watched(environment, host)
    if watched and knobs.renamed.get("CONFIG") == "":
        raise _fault(host, "sentinels need CONFIG: give it another name, but do not turn it off")
    return {
        "primary": _reached(host, followed) if followed else None,
        "watched": watched,
        "max_memory": knobs.max_memory or ("256mb" if is_cache else None),
        "eviction": knobs.eviction or ("allkeys-lru" if is_cache else "noeviction"),
        "save": _save(knobs),
        "log": "" if knobs.log == "stdout" else knobs.log,
        **_script_values(host, "redis_server", "redis.conf", knobs),
    }


def sentinel_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/redis/sentinel.* need. Raises DeployError that names the host."""
    knobs = host.settings.sentinel
    primary = _reached(host, watched_primary(environment, host))
    every = [one for one in environment.hosts.values() if _runs(one, "sentinel")]
    if knobs.quorum > len(every):
        raise _fault(host, f"a quorum of {knobs.quorum} is never reached by {len(every)} sentinels")
    return {
        "primary": primary,
        "log": "" if knobs.log == "stdout" else knobs.log,
        **_script_values(host, "sentinel", "sentinel.conf", knobs),
    }


def watched_primary(environment: Environment, host: Host) -> Host:
    """The host whose redis the sentinel on `host` watches at first.

    Raises DeployError when it is not told, and more than one redis, or none, could be meant.
    """
    named = _named(environment, host, "primary", host.settings.sentinel.primary)
    if named:
        if named.settings.redis_server.replica_of:
            raise _fault(host, f"primary names {named.name}, which follows another one")
        return named
    running = [one for one in environment.hosts.values() if _runs(one, "redis_server")]
    knobs = [(one, one.settings.redis_server) for one in running]
    found = [one for one, k in knobs if k.purpose == "tasks" and not (k.replica_of or k.cluster)]
    if len(found) != 1:
        raise _fault(host, f"{len(found)} redis servers could be the primary: name it (primary)")
    return found[0]


def is_watched(environment: Environment, host: Host) -> bool:
    """A sentinel of the environment may give the redis of `host` another role."""
    primaries = {
        watched_primary(environment, one).name
        for one in environment.hosts.values()
        if _runs(one, "sentinel")
    }
    return host.name in primaries or host.settings.redis_server.replica_of in primaries


def _script_values(host: Host, program: str, file: str, knobs: Any) -> dict[str, Any]:
    """What both scripts need."""
    local = [one for one in knobs.bind if one.removeprefix("-") not in _ANY]
    return {
        "rendered_file": host.settings.programs[program].files[file].destination,
        "owner": f"{knobs.user}:{knobs.user}",
        "own_address": local[0].removeprefix("-") if local else "127.0.0.1",
    }


def _save(knobs: RedisServerSettings) -> Any:
    points = knobs.save
    if points is None:
        points = () if knobs.purpose == "cache" else _SNAPSHOTS
    return Verbatim(" ".join(f"{seconds} {changes}" for seconds, changes in points) or '""')


def _named(environment: Environment, host: Host, key: str, name: str | None) -> Host | None:
    """The host of that name, whose redis is among its programs."""
    if name is None:
        return None
    found = environment.hosts.get(name)
    if found is None or not _runs(found, "redis_server"):
        raise _fault(host, f"{key} names {name!r}, which is no host with redis_server")
    if name == host.name and key == "replica_of":
        raise _fault(host, "it cannot follow itself")
    return found


def _reached(host: Host, primary: Host) -> Primary:
    """How `host` reaches that redis."""
    knobs = primary.settings.redis_server
    return Primary(
        _address(host, primary),
        knobs.port,
        knobs.password_env,
        knobs.renamed.get("CONFIG", ""),
    )


def _address(host: Host, primary: Host) -> str:
    bound = [one.removeprefix("-") for one in primary.settings.redis_server.bind]
    outside = [one for one in bound if one not in _ANY and not _is_loopback(one)]
    if outside:
        return outside[0]
    if any(one in _ANY for one in bound):
        return primary.address
    if primary.name == host.name or _is_loopback(primary.address):
        return bound[0]
    raise _fault(
        host, f"the redis of {primary.name} listens on its own loopback only: redis_server.bind"
    )


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "localhost")


def _runs(host: Host, program: str) -> bool:
    found = host.settings.programs.get(program)
    return found is not None and found.enabled


def _fault(host: Host, message: str) -> DeployError:
    return DeployError(
        message,
        host=host.name,
        step="render",
        hint="mend it in the inventory; docs/redis.md shows a primary, a replica and sentinels",
        exit_code=ExitCode.USAGE,
    )
