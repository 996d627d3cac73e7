"""What is done to a production so that it is not as it should be: by hand, as somebody would."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.audit.production import Production, ask
from tests.deploys.harness import marked
from tests.lab.processes import find, wait_until
from tests.lab.site import REDIS_PORT

LAUNCHER = "node_modules/.bin/actionhero"
NGINX = """\
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {directory}/temp;
  proxy_temp_path {directory}/temp;
  fastcgi_temp_path {directory}/temp;
  uwsgi_temp_path {directory}/temp;
  scgi_temp_path {directory}/temp;
  server_tokens on;
  etag off;
  upstream app {{
    server unix:{sockets}/0.sock;
    server unix:{sockets}/1.sock;
    keepalive 4;
  }}
  server {{
    listen {listen};
    location / {{ proxy_pass http://app; }}
    location /primus {{ proxy_set_header Host $host; proxy_pass http://app; }}
  }}
}}
"""
CONFIG = {
    "config/api.js": "exports.general = {\n"
    "  serverToken: 'change-me',\n  developmentMode: true\n}\n",
    "config/servers/web.js": "exports.web = {\n  bootAttempts: 1\n}\n",
}


def spoil_tree(made: Production) -> None:
    """web1: the app's configuration, modes, pidfiles, lockfile, logs, boot; web2: an old commit."""
    lab = made.lab
    app, home = lab.app_path("web1"), lab.site.home("web1")
    for name, text in CONFIG.items():
        (app / name).write_text(text)
    (app / ".deploy/env").chmod(0o644)
    (app / "public").chmod(0o777)
    (app / "package-lock.json").unlink()
    (app / "pids/actionhero-worker-9").write_text("999999999")
    lab.sh("web1", f"fallocate -l 1100M {app}/log/all-of-this-year.log")
    (home / ".config/systemd/user/chat.service").unlink()
    lab.sh("web2", f"git -C {lab.app_path('web2')} checkout -q --detach HEAD~1")


def spoil_host(made: Production) -> None:
    """web1: few open files, a global package, and two masters of an old version behind a link."""
    lab, site = made.lab, made.lab.site
    sshd = lab.status()["sshd on web1"]
    assert sshd
    lab.account.run("/usr/bin/prlimit", f"--pid={sshd.pid}", "--nofile=256:256", env={})
    for process in marked(lab, "web1", "dist/server.js"):
        process.signal(signal.SIGTERM)
    wait_until(lambda: not marked(lab, "web1", "dist/server.js"), "the end of what was deployed")
    lab.sh("web1", _SPOIL.format(app=site.app_path("web1"), node=site.node, launcher=LAUNCHER))
    app = site.app_path("web1")
    wait_until(lambda: len([*app.glob("log/ready-*")]) == 2, "two masters")
    (app / LAUNCHER).unlink()


_SPOIL = """\
mkdir -p ../tools/bin ../tools/lib/node_modules/pm2
printf '#!/bin/sh\\nexec %s "$@"\\n' {node}/bin/node >../tools/bin/node
chmod +x ../tools/bin/node
ln -s {node}/bin/npm ../tools/bin/npm
ln -s {app} ../linked
cd {app}
mkdir -p node_modules/.bin node_modules/actionhero
printf '{{\\n  "version": "14.0.12"\\n}}\\n' >node_modules/actionhero/package.json
cat >{launcher} <<'END'
require("fs").writeFileSync("log/ready-" + process.pid, "");
setInterval(function () {{}}, 1000);
END
for _ in 1 2; do
  NODE_ENV=development setsid {node}/bin/node {launcher} startCluster </dev/null >/dev/null 2>&1 &
done
"""


def spoil_nginx(made: Production) -> None:
    """web1: an nginx.conf of somebody's own, which the real nginx serves by."""
    lab, directory = made.lab, made.lab.site.nginx("web1")
    places = {"directory": directory, "sockets": lab.app_path("web1") / ".deploy/sockets"}
    listen = ":".join(map(str, lab.web_address("web1")))
    (directory / "nginx.conf").write_text(NGINX.format(listen=listen, **places))
    master = find(int((directory / "nginx.pid").read_text()))
    assert master
    master.signal(signal.SIGHUP)
    wait_until(
        lambda: "/" in lab.get("web1", "/").headers.get("server", ""), "nginx to tell its version"
    )


def spoil_redis(made: Production) -> None:
    """A queue that nobody works, failed, stuck and overdue jobs, a server that works, a cache."""
    lab, name = made.lab, socket.gethostname()
    claim = {
        "queue": "mail",
        "worker": f"{name}:999999999+1",
        "payload": {"class": "send", "args": []},
    }
    server = marked(lab, "web2", "dist/server.js")[0].pid
    for words in (
        ("SADD", "resque:queues", "mail"),
        ("RPUSH", "resque:queue:mail", *["{}"] * 3),
        ("RPUSH", "resque:failed", *['{"queue":"mail","error":"no"}'] * 100),
        ("SADD", "resque:workers", f"{name}:999999999+1:mail", f"{name}:{server}+1:mail"),
        ("SET", f"resque:worker:{name}:999999999+1:mail", json.dumps(claim)),
        ("ZADD", "resque:delayed_queue_schedule", str(int(time.time()) - 3600), "1"),
        ("SET", "actionhero:cache:page", "1"),
        ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
        ("CONFIG", "SET", "maxmemory", "0"),
        ("CONFIG", "SET", "appendonly", "no"),
    ):
        made.redis(*words)
    ask(lab, "replica", "REPLICAOF", "NO", "ONE")
    wait_until(lambda: "connected_slaves:0" in made.redis("INFO", "replication"), "no replica")


@contextmanager
def crowd(made: Production) -> Iterator[None]:
    """Nine of ten clients that redis takes."""
    address = (made.lab.site.address("redis"), REDIS_PORT)
    with_room = int(made.redis("INFO", "clients").split("connected_clients:")[1].split()[0])
    clients = [socket.create_connection(address) for _ in range(max(0, 20 - with_room))]
    made.redis("CONFIG", "SET", "maxclients", "24")
    yield
    for client in clients:
        client.close()
    made.redis("CONFIG", "SET", "maxclients", "1000")


def fill_redis(made: Production) -> None:
    """Its memory is nearly full."""
    used = int(made.redis("INFO", "memory").split("used_memory:")[1].split()[0])
    made.redis("CONFIG", "SET", "maxmemory", str(int(used * 1.1)))


def listen_everywhere(made: Production) -> None:
    """jobs1: a worker that anybody reaches."""
    lab = made.lab
    script = "require('net').createServer().listen(0)"
    node = f"{lab.site.node}/bin/node"
    started = f'{node} -e "{script}" dist/server.js </dev/null >/dev/null 2>&1 &'
    lab.sh("jobs1", f"cd {lab.app_path('jobs1')}\nsetsid {started}")
    wait_until(lambda: bool(marked(lab, "jobs1", "createServer")), "the listener")


def neglect(data: dict[str, Any]) -> None:
    """An inventory in which nobody thought of what an audit thinks of."""
    del data["decision"], data["programs"], data["hosts"]["lb1"], data["hosts"]["jobs1"]
    del data["secrets"]
    data["env"]["ACTIONHERO_SHUTDOWN_TIMEOUT"] = "120000"
    config = data["ssh"]["config"]
    web1, web2 = data["hosts"]["web1"], data["hosts"]["web2"]
    web1["workers"], web2["workers"] = 8, 1
    web1["path"] = web1["path"].replace("/app", "/linked")
    web1["node_bin"] = web1["path"].replace("/linked", "/tools/bin")
    with open(config) as file, open(f"{config}.open", "w") as mine:  # noqa: PTH123
        mine.write(file.read() + "\nHost *\n  StrictHostKeyChecking no\n")
    data["ssh"]["config"] = f"{config}.open"


def leave_one(data: dict[str, Any]) -> None:
    """One host serves, one works."""
    del data["hosts"]["web1"]


def undecided(data: dict[str, Any]) -> None:
    """Releases, without the hosts' common decision; a user's systemd starts them."""
    data["strategy"] = "releases"
    data["supervisor"] = "systemd-user"
    data["decision"] = {"kind": "off"}
    del data["hosts"]["jobs1"]
