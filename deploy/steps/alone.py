"""Steps where old and new code cannot run together: the old one stops before the new one starts.

Requests fail meanwhile, unless a balancer is told to send none; what failed is counted.
"""

from __future__ import annotations

from deploy.inventory.models import Host
from deploy.plan import Step
from deploy.shell import call
from deploy.steps.switch import drain

IN_FLIGHT = 5
"""Seconds, at most, in which requests that old code works on are waited for: new ones fail."""


def leave_balancer(host: Host) -> tuple[Step, ...]:
    """The balancer sends no more requests, and those that it sent are answered."""
    settings = host.settings
    if not (host.serves and settings.drain_command and settings.ready_command):
        return ()
    command = call("leave_balancer", settings.drain_command, settings.ready_command, settings.drain)
    return (Step("leave_balancer", "leave the balancer", command, undo=call("rejoin_balancer")),)


def join_balancer(host: Host) -> tuple[Step, ...]:
    """It sends requests again."""
    if not leave_balancer(host):
        return ()
    return (Step("join_balancer", "join the balancer", call("join_balancer")),)


def stop_confirmed(host: Host, run: str) -> Step:
    """The old one stops first, while that run is pending; settling the switch starts it again."""
    seconds = str(min(host.settings.drain, IN_FLIGHT)) if host.serves else drain(host)
    command = call("stop_confirmed", run, seconds, access_log(host))
    return Step("stop_confirmed", "stop the old one", command)


def tell_failed(host: Host) -> tuple[Step, ...]:
    """How many requests failed while nothing served."""
    log = access_log(host)
    return (Step("tell_failed", "count what failed", call("tell_failed", log)),) if log else ()


def access_log(host: Host) -> str:
    """Path of nginx's access log; empty where none is written to a file."""
    log = host.settings.nginx.access_log if host.serves else "off"
    return log if log.startswith("/") else ""
