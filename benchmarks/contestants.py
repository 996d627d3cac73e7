"""Who is compared at the cut-over, each from bare hosts of the lab to its way of a deploy.

The tool's own contestants are its command line; the others are the scripts of by_hand.py.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml

from benchmarks import by_hand
from deploy.errors import DeployError
from deploy.inventory import load_environment
from tests.lab import Lab
from tests.lab.controller import invoke
from tests.lab.daemons import write_nginx
from tests.lab.demo import WEB_HOSTS
from tests.lab.inventory import text
from tests.lab.processes import everything, wait_until

_DRAIN = 10
"""Seconds for requests, and as many for WebSockets: with the default of 60 a round is waiting."""


class NotThereError(Exception):
    """The tool cannot do this yet."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of putting code live."""

    name: str
    install: Callable[[Lab], None]
    """From bare hosts to the repository's revision, answering through nginx."""
    deploy: Callable[[Lab], None]
    """The newest revision. Raises RuntimeError or CalledProcessError."""
    rollback: Callable[[Lab], None] | None = None
    """The revision before it."""
    remarks: Mapping[int, str] = field(default_factory=dict)
    """What has to be known of its row, by the app's major."""


def _prepare(lab: Lab, strategy: str) -> None:
    """The inventory with that strategy, and nginx as the tool renders it for that."""
    document = yaml.safe_load(text(lab.site))
    document["strategy"] = strategy
    document |= {"drain": _DRAIN, "drain_websockets": _DRAIN}
    (lab.site.inventory / "lab.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        load_environment("lab", lab.site.inventory)
    except DeployError as error:
        raise NotThereError(f"strategy: {strategy} is not there yet") from error
    for host in WEB_HOSTS:
        write_nginx(lab.site, host, lab.nginx_account)
        reload_nginx(lab, host)


def reload_nginx(lab: Lab, host: str) -> None:
    """Reload nginx's configuration, and wait until only workers with the new one are there."""
    master = lab.status()[f"nginx on {host}"]
    if master is None:
        raise RuntimeError(f"nginx on {host} has ended")

    def workers() -> set[int]:
        return {pid for pid, process in everything().items() if process.parent == master.pid}

    before = workers()
    master.signal(signal.SIGHUP)
    wait_until(lambda: bool(workers()) and not workers() & before, f"nginx's reload on {host}")


def _by_tool(name: str, *, rolls_back: bool) -> Contestant:
    def install(lab: Lab) -> None:
        _prepare(lab, name)
        deploy(lab)

    def deploy(lab: Lab) -> None:
        invoke(lab, "deploy", say=False)

    def rollback(lab: Lab) -> None:
        invoke(lab, "rollback", "--yes", say=False)

    return Contestant(name, install, deploy, rollback if rolls_back else None)


def _by_hand(name: str, way: by_hand.Way, remarks: Mapping[int, str]) -> Contestant:
    def install(lab: Lab) -> None:
        for host in WEB_HOSTS:
            by_hand.write_plain_nginx(lab, host, way.sockets(lab.site.app))
            reload_nginx(lab, host)
        way.install(lab)

    return Contestant(name, install, way.deploy, remarks=remarks)


_NO_MASTER = (
    "USR2 is not possible: from 22 on there is no master. All processes of a host are stopped and"
    " started again"
)
_FORK = (
    "pm2 cannot run the cluster of this version as its own (its Node is too old for pm2): fork"
    " mode, where reload restarts the cluster's master"
)
CONTESTANTS = {
    one.name: one
    for one in (
        _by_hand("notes", by_hand.Notes(), {29: _NO_MASTER}),
        _by_hand("pm2", by_hand.Pm2(), {14: _FORK, 18: _FORK}),
        _by_tool("in_place", rolls_back=False),
        _by_tool("releases", rolls_back=True),
    )
}
