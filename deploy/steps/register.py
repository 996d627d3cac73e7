"""Steps of the fleet's one decision, and which redis holds it: the one that the app uses.

The verbs are in deploy/remote/register.sh; what it is for, in docs/decisions.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Environment, Host, Register, RegisterTls
from deploy.inventory.settings_actionhero import RedisPlace
from deploy.plan import Step
from deploy.shell import Argument, Secret, call

PORT = 6379
NO_REGISTER = Secret("register", "")
"""What hosts are told where the fleet has none."""

Place = dict[str, Any]
"""Where redis is and how to log in: what redis_client.sh reads, before it is JSON."""


def open_register(run: str) -> Step:
    """The run's decision is open; reports `incarnation`."""
    return Step("open_register", "open the decision", call("open_register", run))


def decide_register(run: str, incarnation: str, decision: str, seconds: int) -> Step:
    """`commit` or `abort` for the whole fleet, asked until it is read; reports `decision`."""
    return Step(
        "decide_register",
        f"decide: {decision}",
        call("decide_register", run, incarnation, decision, seconds),
    )


def forget_register(run: str) -> Step:
    """Nobody will ask for the run's decision again."""
    return Step("forget_register", "forget the decision", call("forget_register", run))


def register_for(environment: Environment, host: Host, values: Mapping[str, Argument]) -> Secret:
    """The fleet's register as `host` reaches it, for describe_register; empty: there is none.

    `values` is the environment of the app on that host. Raises DeployError (usage) when a value
    cannot be read, a variable that is named is not there, or `kind: redis` has no redis.
    """
    wanted = environment.decision
    if wanted.kind == "off":
        return NO_REGISTER
    plain = {key: _plain(value) for key, value in values.items()}
    try:
        place = _place(wanted, host, plain)
    except ValueError as error:
        raise _fault(host, str(error)) from None
    if wanted.kind == "redis":
        if not place:
            raise _fault(host, "nothing says where redis is")
    elif not place or (_has_peers(environment) and is_local(place)):
        return NO_REGISTER
    return Secret("register", json.dumps(place))


def tasks_redis(environment: Environment, host: Host, values: Mapping[str, Argument]) -> Place:
    """The redis of the app's tasks as `host` reaches it, for describe_queues.

    What the app is told goes first, then `decision`, then its settings. Raises DeployError (usage).
    """
    settings, wanted = host.settings.actionhero.redis, environment.decision
    plain = {key: _plain(value) for key, value in values.items()}
    try:
        told = _of_the_app(host, plain)
        place: Place = {"host": settings.host, "port": settings.port, "db": settings.db}
        if wanted.sentinels or (wanted.host and not told):
            shared = {key: (told or {}).get(key) for key in ("db", "username", "password", "tls")}
            place = {**shared, **_own(wanted, plain)}
            place |= {} if wanted.sentinels else {"host": wanted.host}
        elif told:
            place = told
    except ValueError as error:
        raise _fault(host, str(error)) from None
    if settings.tasks_db is not None and not settings.tasks:
        place["db"] = settings.tasks_db
    return _without_blanks(place)


def check_registers(registers: Mapping[str, Secret]) -> None:
    """Every host, by name, has a register, or none has. Raises DeployError (usage).

    A host that takes itself for one without a register would not wait for the others' decision.
    """
    without = [host for host, register in registers.items() if not register.value]
    if without and len(without) < len(registers):
        raise DeployError(
            f"the hosts do not share one redis: there is none for {', '.join(without)}",
            hint="name one that all hosts reach under `decision` in the inventory, or turn it off",
            exit_code=ExitCode.USAGE,
        )


def _place(wanted: Register, host: Host, values: Mapping[str, str]) -> Place | None:
    """What the inventory says of the register lies over what the app is told."""
    if wanted.host or wanted.sentinels:
        place: Place | None = {"host": wanted.host, "port": PORT}
    else:
        place = _of_the_app(host, values)
    return place and _without_blanks({**place, **_own(wanted, values)})


def _of_the_app(host: Host, values: Mapping[str, str]) -> Place | None:
    """As ActionHero finds the redis of its tasks: what is declared, or else the environment."""
    settings = host.settings.actionhero.redis
    if declared := settings.tasks or (settings if settings.sentinels else None):
        return _declared(declared, values)
    if values.get("REDIS_URL"):
        return _from_url(values["REDIS_URL"])
    return _from_variables(host, values)


def _declared(wanted: RedisPlace, values: Mapping[str, str]) -> Place:
    """A place that no variable moves."""
    place: Place = {
        "host": wanted.host,
        "port": wanted.port,
        "db": wanted.db,
        "password": _password(wanted, values),
        "tls": wanted.tls,
    }
    if wanted.sentinels:
        del place["host"]
        place["sentinels"] = [one.model_dump() for one in wanted.sentinels]
        place["name"] = wanted.sentinel_name
        place["sentinel_password"] = _named(wanted.sentinel_password_env, values)
    return place


def _password(wanted: RedisPlace, values: Mapping[str, str]) -> str | None:
    usual = values.get("REDIS_PASSWORD") or values.get("REDIS_PASS")
    return _named(wanted.password_env, values) or usual


def _own(wanted: Register, values: Mapping[str, str]) -> Place:
    """What `decision` itself says."""
    tls = wanted.tls
    own: Place = {
        "port": wanted.port,
        "db": wanted.db,
        "username": wanted.username,
        "password": _named(wanted.password_env, values),
        "tls": tls.model_dump(exclude_none=True) if isinstance(tls, RegisterTls) else tls,
    }
    if wanted.sentinels:
        own["sentinels"] = [{"host": one.host, "port": one.port} for one in wanted.sentinels]
        own["name"] = wanted.sentinel_name
        own["sentinel_password"] = _named(wanted.sentinel_password_env, values)
    return {key: value for key, value in own.items() if value is not None}


def _from_url(text: str) -> Place:
    """REDIS_URL as ioredis reads it: `redis[s]://[user][:password]@host[:port][/db]`, a path."""
    try:
        url = urlsplit(text if "://" in text or text.startswith("/") else f"//{text}")
        port = url.port or PORT
    except ValueError:  # its words may hold the password
        raise ValueError("REDIS_URL is no URL") from None
    if not url.hostname:
        return {"socket": unquote(url.path)}
    return {
        "host": url.hostname,
        "port": port,
        "db": _number("the database of REDIS_URL", url.path.strip("/") or "0"),
        "username": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "tls": url.scheme == "rediss",
    }


def _from_variables(host: Host, values: Mapping[str, str]) -> Place | None:
    """As the rendered configuration of ActionHero reads the environment, over its own values.

    None where the app is not told of a redis: without REDIS_HOST, loopback is only the default.
    """
    settings = host.settings.actionhero.redis
    address = values.get("REDIS_HOST")
    if not address and _is_loopback(settings.host):
        return None
    return {
        "host": address or settings.host,
        "port": _number("REDIS_PORT", values.get("REDIS_PORT") or str(settings.port)),
        "db": _number("REDIS_DB", values.get("REDIS_DB") or str(settings.db)),
        "password": _password(settings, values),
        "tls": settings.tls or bool(values.get("REDIS_SSL")),
    }


def _without_blanks(place: Place) -> Place:
    """Database 0 too: the client begins with it."""
    return {key: value for key, value in place.items() if value}


def _named(variable: str | None, values: Mapping[str, str]) -> str | None:
    if variable is not None and variable not in values:
        raise ValueError(f"there is no {variable} in its `env` or `secrets`")
    return values[variable] if variable else None


def _number(what: str, text: str) -> int:
    """Raises ValueError without the text, which may be a secret."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{what} is not a whole number")
    return int(text)


def _plain(value: Argument) -> str:
    return value.value if isinstance(value, Secret) else value


def _has_peers(environment: Environment) -> bool:
    return sum(host.runs_app for host in environment.hosts.values()) > 1


def is_local(place: Place) -> bool:
    """Each host would find another redis there: its own."""
    hosts = [one["host"] for one in place.get("sentinels", ())] or [place.get("host", "")]
    return "socket" in place or all(map(_is_loopback, hosts))


def _is_loopback(host: str) -> bool:
    """`localhost`, 127.0.0.0/8, ::1, and the addresses that mean any of the host's own."""
    name = host.rstrip(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost") or name.startswith("127.")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _fault(host: Host, message: str) -> DeployError:
    return DeployError(
        f"decision: {message}",
        hint="see `decision` in the inventory; no host was changed",
        host=host.name,
        exit_code=ExitCode.USAGE,
    )
