"""The lab as a whole topology: haproxy → nginx → the app, workers, redis for tasks with a replica
and three sentinels, redis for the cache. Nothing of it runs before `invoke configure`.

Programs run as the deploy user; a small `systemctl` of the lab's own starts and stops them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab import inventory, sshd
from tests.lab.accounts import Account, program
from tests.lab.site import AROUND, HTTP_PORT, REDIS_PORT, ROLES, Site
from tests.lab.toolchain import APPS, Toolchain

PASSWORD = "l4b \"pass\" 'w0rd' $x"  # noqa: S105
SENTINEL_PORT = 16380
GUARDS = ("redis1", "redis2", "jobs1")
_SYSTEMCTL = Path(__file__).with_name("systemctl.sh")
_DOWN_AFTER = 3000
"""Milliseconds; a busy machine must not look like a dead redis."""


def prepare(site: Site, account: Account, tools: Toolchain) -> None:
    """Directories, the supervisor with its units, the password, and the app's packages, once."""
    account.own(site.root / "bin")
    shutil.copy(_SYSTEMCTL, site.root / "bin/systemctl")
    (site.root / "bin/systemctl").chmod(0o755)
    password = site.root / "redis_password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")
    for host in (*ROLES, *AROUND):
        account.own(site.directory(host))
        for name in ("etc", "run", "run/temp", "units"):
            account.own(site.directory(host) / name)
    for host, name, text in _units(site):
        (site.directory(host) / "units" / name).write_text(text)
    _install_packages(site, account, tools)


def document(site: Site, user: str) -> dict[str, Any]:
    """The inventory as plain data; `user` runs everything."""
    data = inventory.document(site)
    sentinels = [{"host": site.address(one), "port": SENTINEL_PORT} for one in GUARDS]
    tasks = {"password_env": "REDIS_PASSWORD", "sentinels": sentinels}
    cache = {"host": site.address("cache1"), "port": REDIS_PORT, "password_env": "REDIS_PASSWORD"}
    data["app"]["build"] = [{"run": f"ln -sfn {site.root}/modules/node_modules node_modules"}]
    data["app"]["dependencies"] = {"node": "off"}
    data |= {
        "env": {"NODE_ENV": "production"},
        "workers": 1,
        "drain": 5,
        "actionhero": {"redis": {**cache, "tasks": tasks}},
    }
    data["secrets"]["REDIS_PASSWORD"] = {"file": str(site.root / "redis_password")}
    apart = {"runs_app": False, "serves": False}
    data["roles"] |= {"balancer": apart, "store": apart, "guard": apart}
    # redis first: sentinels look for it, and the app for both
    data["hosts"] = {
        "redis1": _redis(site, "redis1", user, "tasks"),
        "redis2": _redis(site, "redis2", user, "tasks", replica_of="redis1"),
        "cache1": _redis(site, "cache1", user, "cache", max_memory="64mb"),
        "jobs1": {**data["hosts"]["jobs1"], "address": site.address("jobs1")},
        "web1": _web(site, "web1", data),
        "web2": _web(site, "web2", data),
        "lb1": _balancer(site),
    }
    for host in GUARDS:
        _add_sentinel(site, data["hosts"][host], host, user)
    return data


def balancer(site: Site) -> tuple[str, int]:
    """Where a client asks."""
    return site.address("lb1"), HTTP_PORT


def _redis(site: Site, host: str, user: str, purpose: str, **knobs: Any) -> dict[str, Any]:
    settings = _daemon(site, host, user, "redis") | {
        "bind": [site.address(host)],
        "announce": site.address(host),  # all are seen as 127.0.0.1 here
        "port": REDIS_PORT,
        "purpose": purpose,
        "password_env": "REDIS_PASSWORD",
        **knobs,
    }
    found = _host(site, host, ["store"])
    found["programs"] = {"redis_server": _of_redis(site, host, "redis")}
    return {**found, "redis_server": settings}


def _add_sentinel(site: Site, settings: dict[str, Any], host: str, user: str) -> None:
    settings["roles"] = [*settings["roles"], "guard"]
    sentinel = _of_redis(site, host, "sentinel")
    settings["programs"] = {**settings.get("programs", {}), "sentinel": sentinel}
    settings["sentinel"] = _daemon(site, host, user, "sentinel") | {
        "bind": [site.address(host)],
        "announce": site.address(host),
        "port": SENTINEL_PORT,
        "down_after": _DOWN_AFTER,
        "failover_timeout": 10_000,
    }


def _daemon(site: Site, host: str, user: str, name: str) -> dict[str, Any]:
    """What redis and sentinel have in common."""
    run = site.directory(host) / "run"
    return {
        "user": user,
        "directory": str(run),
        "pid": f"{run}/{name}.pid",
        "log": f"{run}/{name}.log",
        "config": f"{run}/{name}.conf",
    }


def _of_redis(site: Site, host: str, name: str) -> dict[str, Any]:
    file = f"{name}.conf"
    return {
        "sudo": False,
        "files": _files(site, host, {file: file, "script": f"actionhero-{name}"}),
        "reload": f"{_systemctl(site, host)} /bin/sh {{script}} reload",
        "prove": "/bin/sh {script} prove",
    }


def _web(site: Site, host: str, data: dict[str, Any]) -> dict[str, Any]:
    found = data["hosts"][host]
    run = site.directory(host) / "run"
    return {
        **found,
        "address": site.address(host),
        "nginx": {
            "listen": f"{site.address(host)}:{HTTP_PORT}",
            "pid": f"{run}/nginx.pid",
            "error_log": f"{run}/error.log",
            "access_log": f"{run}/access.log",
            "access_log_json": f"{run}/access.json",
            "temp_path": f"{run}/temp",
            "worker_processes": 1,
            "real_ip_from": [site.address("lb1")],
        },
        "programs": {
            "nginx": {
                "sudo": False,
                "files": _files(site, host, {"nginx.conf": "nginx.conf"}),
                "check": f"{program('nginx')} -t -q -c {{nginx.conf}}",
                "reload": f"{_systemctl(site, host)} systemctl reload-or-restart nginx",
            }
        },
    }


def _balancer(site: Site) -> dict[str, Any]:
    run = site.directory("lb1") / "run"
    return {
        **_host(site, "lb1", ["balancer"]),
        "haproxy": {
            "listen": f"{site.address('lb1')}:{HTTP_PORT}",
            "user": None,
            "chroot": None,
            "socket": f"{run}/admin.sock",
            "state_file": f"{run}/state",
            "health_path": "/api/revision",  # /api/status asks the redis that is killed
        },
        "programs": {
            "haproxy": {
                "sudo": False,
                "files": _files(
                    site, "lb1", {"haproxy.cfg": "haproxy.cfg", "balancer": "balancer"}
                ),
                "check": f"{program('haproxy')} -c -q -f {{haproxy.cfg}}",
                "reload": f"{_systemctl(site, 'lb1')} systemctl reload-or-restart haproxy",
                "prove": "/bin/sh {balancer} show",
                "pidfile": f"{run}/haproxy.pid",
            }
        },
    }


def _host(site: Site, host: str, roles: list[str]) -> dict[str, Any]:
    return {"address": site.address(host), "roles": roles, "path": str(site.app_path(host))}


def _files(site: Site, host: str, names: dict[str, str]) -> dict[str, Any]:
    etc = site.directory(host) / "etc"
    return {name: {"destination": f"{etc}/{file}"} for name, file in names.items()}


def _systemctl(site: Site, host: str) -> str:
    """What makes a command find the lab's own, and the units of its host."""
    return f"env UNITS={site.directory(host)}/units PATH={site.root}/bin:$PATH"


def _units(site: Site) -> Iterator[tuple[str, str, str]]:
    """Host, unit, and the file that tells how it is started and where its pid is."""
    commands = {
        "nginx": ("nginx.pid", "HUP", "{nginx} -c {etc}/nginx.conf"),
        "haproxy": (
            "haproxy.pid",
            "USR2",
            "{haproxy} -W -D -p {run}/haproxy.pid -f {etc}/haproxy.cfg",
        ),
        "redis-server": ("redis.pid", "", "{redis} {run}/redis.conf --daemonize yes"),
        "redis-sentinel": (
            "sentinel.pid",
            "",
            "{redis} {run}/sentinel.conf --sentinel --daemonize yes",
        ),
    }
    stores = {host: ["redis-server"] for host in ("redis1", "redis2", "cache1")}
    every = {**stores, "web1": ["nginx"], "web2": ["nginx"], "lb1": ["haproxy"], "jobs1": []}
    for host, names in every.items():
        for name in [*names, *(["redis-sentinel"] if host in GUARDS else [])]:
            pidfile, number, command = commands[name]
            places = {"etc": site.directory(host) / "etc", "run": site.directory(host) / "run"}
            programs = {one: program(one) for one in ("nginx", "haproxy")}
            start = command.format(**places, **programs, redis=program("redis-server"))
            yield (
                host,
                name,
                f"start='{start}'\npidfile={places['run']}/{pidfile}\nsignal={number}\n",
            )


def _install_packages(site: Site, account: Account, tools: Toolchain) -> None:
    """node_modules for all hosts: they are one disk here."""
    modules = account.own(site.root / "modules")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(APPS / str(site.app) / name, modules)
    account.give_tree(modules)
    values = sshd.environment(site, "web1", tools)
    path = f"{tools.bin}:/usr/bin:/bin"
    account.run(tools.bin / "npm", "ci", cwd=modules, env={**values, "PATH": path})
