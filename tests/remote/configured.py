"""Two hosts behind real sshds, each with a small nginx of the deploy user's own, and a person who
configures them at the command line."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml

from tests.deploys.zygote import Spawned
from tests.ports import free_port
from tests.transport import sshd

PROJECT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path=f"/usr/sbin:{os.environ['PATH']}") or "nginx"
TOKEN = "s3cr3t-t0ken-value"  # noqa: S105
SITE = """\
pid {{ vars.root ~ "/nginx.pid" }};
error_log {{ vars.root ~ "/error.log" }};
events { }
http {
    access_log off;
    client_body_temp_path {{ vars.root ~ "/temp" }};
    proxy_temp_path {{ vars.root ~ "/temp" }};
    fastcgi_temp_path {{ vars.root ~ "/temp" }};
    uwsgi_temp_path {{ vars.root ~ "/temp" }};
    scgi_temp_path {{ vars.root ~ "/temp" }};
    include {{ vars.root ~ "/etc/server.conf" }};
{% if vars.broken %}
    acces_log off;
{% endif %}
}
"""
SERVER = """\
server { listen {{ vars.listen }}; return 200 {{ vars.word }}; }
{% for each in vars.more %}
server { listen {{ each }}; return 200 more; }
{% endfor %}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a run left behind."""

    code: int
    text: str

    def events(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]
        return [one for one in found if one["event"] == kind]


@dataclass
class Fleet:
    """Two hosts, and where a person stands who configures them."""

    root: Path
    servers: dict[str, sshd.Sshd]
    ports: dict[str, int]
    inventory: dict[str, Any] = field(default_factory=dict)

    def host(self, name: str) -> Path:
        return self.root / name

    def file(self, host: str, name: str) -> Path:
        return self.host(host) / "etc" / name

    def run(self, task: str, *flags: str, output: str = "json") -> Said:
        """Run a task to its end."""
        running = self.start(task, *flags, output=output)
        text, _ = running.communicate(timeout=120)
        return Said(running.returncode, text)

    def start(self, task: str, *flags: str, output: str = "json") -> Spawned:
        """Start a task."""
        (self.root / "inventory/test.yml").write_text(yaml.safe_dump(self.inventory))
        environment = {
            **os.environ,
            "DEPLOY_INVENTORY": str(self.root / "inventory"),
            "DEPLOY_RUNS": str(self.root / "runs"),
            "TOKEN": TOKEN,
        }
        words = [task, "--env", "test", *flags]
        words += ["--output", output] if task != "render" else []
        return Spawned(["-r", str(PROJECT), *words], environment, self.root)

    def answers(self) -> list[str]:
        """What each host's nginx answers."""
        return [self.get(host) for host in self.servers]

    def comes_to(self, word: str) -> bool:
        """Every host answers so; nginx stops its old workers 0.1 s after it started new ones."""
        end = time.monotonic() + 5
        while set(self.answers()) != {word}:
            if time.monotonic() > end:
                return False
        return True

    def get(self, host: str) -> str:
        connection = HTTPConnection(self.servers[host].address, self.ports[host], timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    @contextmanager
    def requests(self) -> Iterator[list[str]]:
        """Ask both hosts all the time; what did not answer is in the list."""
        over, failed, count = threading.Event(), [], [0]

        def ask(host: str) -> None:
            while not over.is_set():
                try:
                    self.get(host)
                    count[0] += 1
                except OSError as error:
                    failed.append(f"{host}: {error}")
                over.wait(0.005)

        threads = [threading.Thread(target=ask, args=(host,)) for host in self.servers]
        for thread in threads:
            thread.start()
        yield failed
        over.set()
        for thread in threads:
            thread.join()
        assert count[0] > 50

    def vars(self, host: str) -> dict[str, Any]:
        values: dict[str, Any] = self.inventory["hosts"][host]["vars"]
        return values

    def set(self, **values: Any) -> None:
        for host in self.servers:
            self.vars(host).update(values)


def make_fleet(root: Path, key: Path, servers: dict[str, sshd.Sshd]) -> Fleet:
    """Directories, templates and an inventory below `root`."""
    for name in ("inventory", "templates", "runs"):
        (root / name).mkdir(parents=True)
    (root / "templates/site.conf.j2").write_text(SITE)
    (root / "templates/server.conf.j2").write_text(SERVER)
    (root / "templates/token.j2").write_text('{{ secret("TOKEN") }}\n')
    lines = [one.known_hosts_line for one in servers.values()]
    (root / "known_hosts").write_text("".join(lines))
    (root / "ssh_config").write_text(
        f"Host *\n  IdentityFile {key}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {root}/known_hosts\n  GlobalKnownHostsFile none\n"
    )
    ports = {host: free_port(one.address) for host, one in servers.items()}
    fleet = Fleet(root, servers, ports)
    fleet.inventory = inventory(fleet)
    for host in servers:
        for name in ("etc", "temp", "app"):
            (root / host / name).mkdir(parents=True)
        sshd.give(root / host, sshd.deploy_user())
    return fleet


def take_built_in_nginx(fleet: Fleet, **knobs: Any) -> None:
    """The built-in nginx on both hosts in place of the site; no app stands behind it."""
    fleet.inventory["app"]["actionhero"] = 29
    fleet.inventory["programs"] = {
        "nginx": {
            "sudo": False,
            "check": f"{NGINX} -t -q -c {{nginx.conf}}",
            "reload": f"{NGINX} -s reload -c {{nginx.conf}} || {NGINX} -c {{nginx.conf}}",
        }
    }
    for name, host in fleet.inventory["hosts"].items():
        root = fleet.host(name)
        destination = {"destination": f"{root}/etc/n.conf"}
        host["programs"] = {"nginx": {"files": {"nginx.conf": destination}}}
        host["nginx"] = {
            "listen": host["vars"]["listen"],
            "pid": f"{root}/nginx.pid",
            "error_log": f"{root}/error.log",
            "access_log": f"{root}/access.log",
            "temp_path": f"{root}/temp",
            **knobs,
        }


def _host(fleet: Fleet, name: str) -> dict[str, Any]:
    root, address = fleet.host(name), fleet.servers[name].address
    listen = f"{address}:{fleet.ports[name]}"
    files = ("site.conf", "server.conf", "token")
    return {
        "address": address,
        "port": fleet.servers[name].port,
        "path": f"{root}/app",
        "roles": ["web"],
        "vars": {"root": str(root), "listen": listen, "word": "one", "more": [], "broken": False},
        "programs": {
            "site": {
                "files": {each: {"destination": f"{root}/etc/{each}"} for each in files},
                "pidfile": f"{root}/nginx.pid",
                "prove": f"curl -fsS http://{listen}/",
            }
        },
    }


def inventory(fleet: Fleet) -> dict[str, Any]:
    return {
        "app": {"name": "chat", "repository": "git@git:chat.git", "path": "/srv/chat"},
        "user": sshd.deploy_user(),
        "ssh": {"config": str(fleet.root / "ssh_config")},
        "rollout": {"batches": [1]},
        "secrets": {"TOKEN": {"env": "TOKEN"}},
        "roles": {"web": {"runs_app": False}},
        "programs": {
            "site": {
                "files": {
                    "site.conf": {"template": "site.conf.j2", "quote": "nginx"},
                    "server.conf": {"template": "server.conf.j2", "quote": "nginx"},
                    "token": {"template": "token.j2", "secret": True},
                },
                "check": f"{NGINX} -t -q -c {{site.conf}}",
                "reload": f"{NGINX} -s reload -c {{site.conf}} || {NGINX} -c {{site.conf}}",
                "prove_timeout": 5,
                "renews": "children",
            }
        },
        "hosts": {name: _host(fleet, name) for name in fleet.servers},
    }
