"""Where the app is told that redis is, and which host of the inventory that is."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from deploy.inventory.models import Host
from deploy.inventory.settings_actionhero import RedisPlace


def place_of(host: Host) -> RedisPlace:
    """The app's redis for all but tasks of their own: the plain environment is asked first."""
    settings, env = host.settings.actionhero.redis, host.settings.env
    if url := env.get("REDIS_URL"):
        parts = urlsplit(url)
        return RedisPlace(host=parts.hostname or "127.0.0.1", port=parts.port or 6379)
    if address := env.get("REDIS_HOST"):
        port = env.get("REDIS_PORT", "")
        return RedisPlace(host=address, port=int(port) if port.isdigit() else settings.port)
    if settings.cluster:
        first = settings.cluster[0]
        return RedisPlace(host=first.host, port=first.port)
    if settings.sentinels:
        return RedisPlace(sentinels=settings.sentinels, sentinel_name=settings.sentinel_name)
    return RedisPlace(host=settings.host, port=settings.port)


def find_host(place: RedisPlace, hosts: Sequence[Host]) -> Host | None:
    """The host of the inventory that is asked there: a redis or a sentinel; None: another's."""
    wanted = {one.host for one in place.sentinels} or {place.host}
    return next((one for one in hosts if wanted & _names(one)), None)


def words_of(place: RedisPlace) -> str:
    """For a person; a password is in none of its fields."""
    if place.sentinels:
        return f"{place.sentinel_name}, by sentinels"
    return f"{place.host}:{place.port}"


def _names(host: Host) -> set[str]:
    """What others may call it."""
    redis, sentinel = host.settings.redis_server, host.settings.sentinel
    told = {host.name, host.address, redis.announce, sentinel.announce, *redis.bind, *sentinel.bind}
    return {one for one in told if one and not one.startswith("127.0.0.") and one != "0.0.0.0"}  # noqa: S104
