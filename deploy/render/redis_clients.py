"""How ActionHero's clients find redis: a server, the primary that sentinels name, or a cluster."""

from __future__ import annotations

from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Host
from deploy.inventory.settings_actionhero import RedisPlace
from deploy.render.quoting import Verbatim

_USUAL = Verbatim("process.env.REDIS_PASSWORD || process.env.REDIS_PASS || null")
_USUAL_LATER = Verbatim("process.env.REDIS_PASSWORD || null")


def client_values(host: Host, *, old_client: bool) -> dict[str, Any]:
    """What templates/actionhero/ need of redis; passwords are read by the process, later.

    `old_client` is ioredis 2 and 3, that of ActionHero up to 19. Raises DeployError for a variable
    that the app is not given, and for what that client cannot do.
    """
    knobs = host.settings.actionhero.redis
    found = _place(host, knobs, old_client)
    return {
        **found,
        "moves": not (knobs.sentinels or knobs.cluster),
        "cluster": bool(knobs.cluster),
        "nodes": [one.model_dump() for one in knobs.cluster],
        "tasks_db": knobs.tasks_db,
        "tasks": knobs.tasks and {**_place(host, knobs.tasks, old_client), "moves": False},
    }


def _place(host: Host, place: RedisPlace, old_client: bool) -> dict[str, Any]:
    if old_client and place.sentinels and (place.tls or place.sentinel_password_env):
        raise DeployError(
            "the client of ActionHero up to 19 speaks no TLS to sentinels and has no password",
            host=host.name,
            step="render",
            hint="let sentinels be asked without, on a network of their own",
            exit_code=ExitCode.USAGE,
        )
    return {
        "host": place.host,
        "port": place.port,
        "db": place.db,
        "tls": place.tls,
        "sentinels": [one.model_dump() for one in place.sentinels],
        "name": place.sentinel_name,
        "password": _password(host, place.password_env) or (_USUAL if old_client else _USUAL_LATER),
        "sentinel_password": _password(host, place.sentinel_password_env),
    }


def _password(host: Host, variable: str | None) -> Verbatim | None:
    """The expression that reads it; its name is a word of letters, digits and `_`."""
    if variable is None:
        return None
    if variable not in {*host.settings.env, *host.settings.secrets}:
        raise DeployError(
            f"actionhero.redis names {variable}, which is not among its `env` or `secrets`",
            host=host.name,
            step="render",
            hint=f"declare {variable} under `secrets`",
            exit_code=ExitCode.USAGE,
        )
    return Verbatim(f"process.env.{variable}")
