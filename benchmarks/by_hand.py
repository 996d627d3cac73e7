"""What people do without this tool, on the lab's hosts: the Production Notes' script, and pm2.

nginx in front of them is the lab's, but connects as in the Production Notes: each socket once,
and nginx's defaults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from deploy.shell import Secret, exports
from tests.lab import Lab, inventory, toolchain
from tests.lab.daemons import write_nginx
from tests.lab.demo import WEB_HOSTS
from tests.lab.processes import wait_until
from tests.lab.site import REDIS_PORT, ROLES, WORKERS

_SCRIPTS = Path(__file__).with_name("scripts")
_FIRST_WITHOUT_CLUSTER = 22
_PM2 = "7.0.4"
_PM2_NODE = 29
"""The app whose Node runs pm2."""
_UPSTREAM = re.compile(r"upstream (\w+) \{.*?\n    \}", re.DOTALL)


class Way(Protocol):
    """How code is put live by hand."""

    def sockets(self, app: int) -> int:
        """Sockets of a web host."""

    def install(self, lab: Lab) -> None:
        """Start the repository's revision on bare hosts, and wait until it answers."""

    def deploy(self, lab: Lab) -> None:
        """Put the newest revision live; returns when the commands do. Raises RuntimeError."""


class Notes:
    """`git pull`, `npm install`, and USR2 to the cluster's master where there is one."""

    def sockets(self, app: int) -> int:
        return 1 if app < _FIRST_WITHOUT_CLUSTER else WORKERS

    def install(self, lab: Lab) -> None:
        on_all_hosts(lab, self._script(lab, "clone", "install", "start"))
        wait_for_answers(lab)

    def deploy(self, lab: Lab) -> None:
        masters = lab.site.app < _FIRST_WITHOUT_CLUSTER
        steps = ("usr2",) if masters else ("stop", "start")
        on_all_hosts(lab, self._script(lab, "pull", "install", *steps))

    def _script(self, lab: Lab, *names: str) -> str:
        which = "cluster" if lab.site.app < _FIRST_WITHOUT_CLUSTER else "processes"
        return read_scripts(names, which)


class Pm2:
    """`git pull`, `npm install`, `pm2 reload` with pm2's own settings."""

    def sockets(self, app: int) -> int:
        del app  # one socket in either mode
        return 1

    def install(self, lab: Lab) -> None:
        self._run(lab, "clone", "install", "pm2_start")
        wait_for_answers(lab)

    def deploy(self, lab: Lab) -> None:
        self._run(lab, "pull", "install", "pm2_reload")

    def _run(self, lab: Lab, *names: str) -> None:
        node = toolchain.provide(_PM2_NODE, lab.account).bin
        package = toolchain.package("pm2", _PM2, node)
        tools = {
            "PM2_NODE": str(node / "node"),
            "PM2": str(package / "node_modules" / "pm2" / "bin" / "pm2"),
        }
        which = "fork" if lab.site.app < _FIRST_WITHOUT_CLUSTER else "cluster"
        on_all_hosts(lab, read_scripts(names, which), tools)


def read_scripts(names: tuple[str, ...], which: str) -> str:
    """The named scripts one after the other; `which` one where a name has several."""
    files = [_SCRIPTS / f"{name}.sh" for name in names]
    found = [one if one.exists() else one.with_suffix(f".{which}.sh") for one in files]
    return "".join(one.read_text() for one in found)


def on_all_hosts(lab: Lab, script: str, more: Mapping[str, str] | None = None) -> None:
    """Run a script on all hosts at once, by ssh. Raises RuntimeError of the first that failed."""
    with ThreadPoolExecutor(len(ROLES)) as pool:
        texts = {host: f"{_environment(lab, host, more or {})}{script}" for host in ROLES}
        running = [pool.submit(lab.sh, host, text) for host, text in texts.items()]
        for one in running:
            one.result()


def _environment(lab: Lab, host: str, more: Mapping[str, str]) -> str:
    """What the scripts and the app find in their environment."""
    site = lab.site
    app = site.app_path(host)
    values: dict[str, str | Secret] = {
        "APP": str(app),
        "REPOSITORY": site.repository,
        "MAJOR": str(site.app),
        "WORKERS": str(WORKERS),
        "NODE_ENV": "production",
        "REDIS_HOST": site.address("redis"),
        "REDIS_PORT": str(REDIS_PORT),
        "SERVER_TOKEN": Secret("SERVER_TOKEN", site.server_token.read_text().strip()),
        "ACTIONHERO_ROLE": ROLES[host],
        "HOST": host,
        "SOCKETS": str(app / "tmp") if ROLES[host] == "server" else "",
        **more,
    }
    return f"set -a\n{exports(values)}set +a\n"


def write_plain_nginx(lab: Lab, host: str, sockets: int) -> None:
    """nginx.conf as rendered, but that each socket is named once, without a word on failures."""
    inventory.write(lab.site)  # another contestant may have changed it
    config = write_nginx(lab.site, host, lab.nginx_account)
    servers = (f"server unix:{lab.app_path(host)}/tmp/{n}.sock;" for n in range(sockets))
    block = "upstream \\g<1> {{ {} }}".format(" ".join(servers))
    text, count = _UPSTREAM.subn(block, config.read_text())
    if count != 1:
        raise RuntimeError(f"{config} has {count} upstreams of that name")
    config.write_text(text)


def wait_for_answers(lab: Lab) -> None:
    """Until every worker of every web host has answered through nginx."""
    heard: dict[str, set[int]] = {host: set() for host in WEB_HOSTS}

    def all_answer(host: str) -> bool:
        with suppress(OSError):
            answer = lab.get(host, "/api/revision")
            if answer.status == 200:
                heard[host].add(answer.json()["pid"])
        return len(heard[host]) >= WORKERS

    for host in WEB_HOSTS:
        wait_until(partial(all_answer, host), f"all workers on {host}", 120)
