"""The lab's inventory, as a person would have written it: the same file for every machine.

python -m tests.lab.inventory > inventory/lab.yml
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.lab.site import HTTP_PORT, REDIS_PORT, ROLES, WORKERS, Site

COMMITTED = Path(__file__).parents[2] / "inventory"
_HEAD = """\
# yaml-language-server: $schema=schema.json
# The lab on this machine: real sshd, nginx, redis and ActionHero on 127.0.{subnet}.x.
# Made by `python -m tests.lab.inventory`; `invoke lab.up` makes what it describes.
"""


def document(site: Site) -> dict[str, Any]:
    """The inventory as plain data."""
    return {
        "app": _app(site),
        "strategy": site.strategy,
        "ssh": {"config": str(site.ssh_config)},
        "decision": {"kind": "redis"},  # on a loopback address, but one for all
        "node_bin": f"{site.node}/bin",
        "workers": WORKERS,
        "stop_timeout": 20,
        "env": {
            "NODE_ENV": "production",
            "REDIS_HOST": site.address("redis"),
            "REDIS_PORT": str(REDIS_PORT),
        },
        "secrets": {"SERVER_TOKEN": {"file": str(site.server_token)}},
        "roles": {"server": {"serves": True}, "worker": {"serves": False, "workers": 1}},
        "hosts": {host: _host(site, host, role) for host, role in ROLES.items()},
    }


def text(site: Site, data: dict[str, Any] | None = None) -> str:
    """The inventory as YAML; `data` where it is another one than `document`."""
    body = yaml.safe_dump(data or document(site), sort_keys=False, width=100)
    return _HEAD.format(subnet=site.subnet) + body


def write(site: Site, data: dict[str, Any] | None = None) -> None:
    """lab.yml, and a copy of the project's defaults.yml, where DEPLOY_INVENTORY can point."""
    site.inventory.mkdir(exist_ok=True)
    (site.inventory / "lab.yml").write_text(text(site, data))
    if (COMMITTED / "defaults.yml").exists():
        shutil.copy(COMMITTED / "defaults.yml", site.inventory)


def _app(site: Site) -> dict[str, Any]:
    app: dict[str, Any] = {
        "name": "lab",
        "repository": site.repository,
        "path": str(site.root / "app"),
    }
    if site.app >= 22:
        app["build"] = [{"run": "npm run build", "timeout": 120}]
    return app


def _host(site: Site, host: str, role: str) -> dict[str, Any]:
    """A host; all share one disk here, so each has its own path."""
    values: dict[str, Any] = {
        "address": host,
        "roles": [role],
        "path": str(site.app_path(host)),
    }
    if role == "server":
        values["nginx"] = _nginx(site, host)
    return values


def _nginx(site: Site, host: str) -> dict[str, Any]:
    directory = site.nginx(host)
    return {
        "listen": f"{site.address(host)}:{HTTP_PORT}",
        "pid": f"{directory}/nginx.pid",
        "error_log": f"{directory}/error.log",
        "access_log": f"{directory}/access.log",
        "temp_path": f"{directory}/temp",
        "worker_processes": 1,
    }


if __name__ == "__main__":
    print(text(Site()), end="")
