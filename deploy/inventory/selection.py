"""Which hosts a task is for, and whether now is a time to deploy."""

from __future__ import annotations

from datetime import datetime

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Environment, Freeze, Host
from deploy.inventory.validation import nearest


def select(environment: Environment, limit: str = "", without: str = "") -> tuple[Host, ...]:
    """The hosts of `--limit HOST|ROLE[,…]`, less those of `--without`, in the file's order.

    No limit is all hosts. Raises DeployError (usage) for a name that does not exist, and when
    nothing is left.
    """
    wanted = _named(environment, limit, "--limit") if limit else set(environment.hosts)
    left_out = _named(environment, without, "--without") if without else set()
    hosts = tuple(host for name, host in environment.hosts.items() if name in wanted - left_out)
    if not hosts:
        raise DeployError(
            f"no host of {environment.name} is left to work on",
            hint=_existing(environment),
            exit_code=ExitCode.USAGE,
        )
    return hosts


def frozen(environment: Environment, now: datetime) -> Freeze | None:
    """The freeze that covers `now` (a time with a zone), if one does."""
    return next((freeze for freeze in environment.freeze if freeze.covers(now)), None)


def _named(environment: Environment, names: str, flag: str) -> set[str]:
    chosen: set[str] = set()
    for name in (part.strip() for part in names.split(",")):
        chosen |= _hosts_of(environment, name, flag)
    return chosen


def _hosts_of(environment: Environment, name: str, flag: str) -> set[str]:
    """One host, or the hosts of one role."""
    if name in environment.hosts:
        return {name}
    if name in environment.roles:
        return {host.name for host in environment.hosts.values() if name in host.roles}
    known = [*environment.hosts, *environment.roles]
    raise DeployError(
        f"{flag} {name!r}: no such host or role in {environment.name}; {nearest(name, known)}",
        hint=_existing(environment),
        exit_code=ExitCode.USAGE,
    )


def _existing(environment: Environment) -> str:
    roles = ", ".join(environment.roles) or "none"
    return f"hosts: {', '.join(environment.hosts)}; roles: {roles}"
