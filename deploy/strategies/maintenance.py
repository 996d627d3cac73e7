"""Closing the site on every host that serves, or on none; and opening it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, Host
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.steps import maintenance as steps
from deploy.steps.switch import front

LOOPBACK = ip_address("127.0.0.1")


def plan_closing(
    environment: Environment, hosts: Sequence[Host], run: str, friends: Sequence[str]
) -> Plan:
    """All hosts at once: closed, proved, and open for friends."""
    parts = [(host, _close(environment, host, run, friends)) for host in hosts]
    return _plan(environment, "maintenance.on", parts)


def plan_opening(environment: Environment, hosts: Sequence[Host]) -> Plan:
    """All hosts at once."""
    parts = [(host, (steps.open_site(layout_for(environment, host)),)) for host in hosts]
    return _plan(environment, "maintenance.off", parts)


def _close(
    environment: Environment, host: Host, run: str, friends: Sequence[str]
) -> tuple[Step, ...]:
    layout, url = layout_for(environment, host), front(host)
    proof = (steps.prove_closed(url, _name(host)),) if url and not _passes_itself(host) else ()
    return steps.close_site(layout, run), *proof, steps.admit_friends(layout, friends)


def _name(host: Host) -> str:
    """A name that the site answers for."""
    name = host.settings.nginx.server_name.split(" ")[0]
    return "localhost" if name == "_" or "*" in name else name


def _passes_itself(host: Host) -> bool:
    """It is on the list of those who always pass, so that it cannot see whether others do."""
    closed = host.settings.nginx.maintenance
    networks = closed.allow if closed else ()
    return any(LOOPBACK in ip_network(one) for one in networks if one != "unix:")


def _plan(
    environment: Environment, task: str, parts: Sequence[tuple[Host, tuple[Step, ...]]]
) -> Plan:
    hosts = tuple(HostSteps(host.name, found, _context(host)) for host, found in parts)
    return Plan(environment.name, task, "", (Stage(task, (Batch(hosts),)),))


def _context(host: Host) -> Context:
    return Context(path=(host.settings.node_bin,) if host.settings.node_bin else ())
