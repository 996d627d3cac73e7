"""Redis with a replica, and nginx in front of the web hosts: real ones, in the lab's directories.

nginx's configuration is what `invoke render-nginx` would write.
"""

from __future__ import annotations

import socket
from pathlib import Path

from deploy.inventory.models import Environment
from deploy.render import render_nginx
from tests.lab.accounts import Account, program
from tests.lab.processes import MARK, wait_until
from tests.lab.site import REDIS_PORT, WORKERS, Site


def start_redis(site: Site, name: str, account: Account) -> Path:
    """Start `redis`, or `replica` of it, in the background; returns its pidfile."""
    directory = account.own(site.directory(name))
    pidfile = directory / "redis.pid"
    options = {
        "bind": site.address(name),
        "port": str(REDIS_PORT),
        "dir": str(directory),
        "pidfile": str(pidfile),
        "logfile": str(directory / "redis.log"),
        "daemonize": "yes",
        "save": "",
        "repl-diskless-sync-delay": "0",
    }
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    if name == "replica":
        words += ["--replicaof", site.address("redis"), str(REDIS_PORT)]
    account.run(program("redis-server"), *words, env={MARK: str(site.root)})
    return pidfile


def ask_redis(site: Site, name: str, *words: str) -> str:
    """The raw answer of `redis` or `replica` to one command (RESP, short answers only)."""
    with socket.create_connection((site.address(name), REDIS_PORT), timeout=10) as client:
        client.sendall((" ".join(words) + "\r\n").encode())
        return client.recv(1 << 16).decode()


def wait_for_replica(site: Site) -> None:
    """Until the replica follows."""

    def follows() -> bool:
        return "master_link_status:up" in ask_redis(site, "replica", "INFO", "replication")

    wait_until(follows, "the replica of redis")


def write_nginx(site: Site, host: str, account: Account) -> Path:
    """Render nginx.conf for a host; returns its path."""
    environment = _environment(site)
    files = render_nginx(environment, environment.hosts[host], major=site.app, workers=WORKERS)
    directory = account.own(site.nginx(host))
    account.own(directory / "temp")
    for name, text in files.items():
        (directory / name).write_text(text)
    return directory / "nginx.conf"


def start_nginx(site: Site, host: str, account: Account) -> Path:
    """Start nginx in the background; returns its pidfile."""
    config = write_nginx(site, host, account)
    # A worker writes over its environment: when its master is killed, its directory tells of it.
    account.run(program("nginx"), "-c", config, env={MARK: str(site.root)}, cwd=site.root)
    return site.nginx(host) / "nginx.pid"


def _environment(site: Site) -> Environment:
    """The lab's inventory as the tool reads it."""
    from deploy.inventory import load_environment

    return load_environment("lab", site.inventory)
