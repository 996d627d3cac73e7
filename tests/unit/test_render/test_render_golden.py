"""The complete text of what is rendered, read by a person before it was accepted.

After a change that is meant: look at the difference, then run with GOLDEN=write.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError
from deploy.inventory.models import Program
from deploy.inventory.programs import TARGETS
from deploy.render import render_config, render_nginx
from deploy.render.programs import Secrets, render_programs

GOLDEN = Path(__file__).with_name("golden")

EVERYTHING = {
    "user": "www-data",
    "worker_processes": 4,
    "worker_rlimit_nofile": 65536,
    "accept_mutex": True,
    "temp_path": "/var/lib/nginx",
    "server_name": "chat.example.org www.chat.example.org",
    "real_ip_from": ["192.0.2.0/24", "2001:db8::/32"],
    "trust_forwarded_proto": True,
    "mime_types": {"glb": "model/gltf-binary"},
    "access_log_json": "/var/log/nginx/access.json",
    "access_log_fields": {"build": "$upstream_http_x_build"},
    "proxy_buffering": False,
    "static": {"max_age": 300, "immutable": "^/assets/"},
    "maintenance": {"page": "/srv/www/closed.html", "allow": ["192.0.2.0/24"]},
    "limits": {"connections": 50, "exempt": ["192.0.2.7"]},
    "brotli": {},
    "tls": {
        "certificate": "/etc/ssl/chat.pem",
        "certificate_key": "/etc/ssl/chat.key",
        "hsts_seconds": 31536000,
    },
}
LITTLE = {
    "access_log": "off",
    "websocket_path": None,
    "files_path": None,
    "gzip": {"enabled": False},
    "listen": "127.0.0.1:8080",
    "sendfile": False,
    "static": {"immutable": None},
    "maintenance": None,
}
SITE = {"site": "chat_eu", "server_name": "chat.example.org", "cache": {"seconds": 2}}

NGINX: dict[str, dict[str, Any]] = {
    "defaults": {"app": {"actionhero": 18}},
    "everything": {"nginx": EVERYTHING, "workers": 3, "app": {"actionhero": 29}},
    "releases": {
        "nginx": {"access_log_json": "/var/log/nginx/access.json"},
        "strategy": "releases",
        "workers": 2,
        "app": {"actionhero": 29},
    },
    "little": {"nginx": LITTLE, "workers": 3, "listen": 5001, "app": {"actionhero": 14}},
}
KNOBS = {
    "server_token_env": "CHAT_TOKEN",
    "redis": {"host": "redis.example.org", "port": 6380, "db": 1, "tasks_db": 2},
    "tasks": {"queues": ["urgent", "*"], "max_task_processors": 20, "stuck_worker_timeout": None},
    "tcp_port": 5000,
    "logger": {"level": "notice", "console": True},
    "extra": {"general": {"welcomeMessage": "Grüße; \"quoted\" 'twice' \\"}},
}
CONFIG: dict[str, dict[str, Any]] = {
    f"{major}-{'server' if serves else 'worker'}": {
        "app": {"actionhero": major},
        "serves": serves,
        "actionhero": knobs,
    }
    for major in (14, 18, 29)
    for serves, knobs in ((True, {}), (False, KNOBS))
}


def target(name: str) -> Program:
    """A built-in target, as it is read."""
    return Program(**yaml.safe_load((TARGETS / f"{name}.yml").read_text("utf-8")))


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("name", NGINX)
def test_nginx_conf(make: Callable[..., Any], name: str) -> None:
    files = render_nginx(*make(**NGINX[name]))
    assert list(files) == ["nginx.conf"]
    compare(f"nginx-{name}.conf", files["nginx.conf"])


@pytest.mark.parametrize("name", CONFIG)
def test_actionhero_config(make: Callable[..., Any], name: str) -> None:
    files = render_config(*make(**CONFIG[name]))
    compare(f"config-{name}.txt", "\n".join(f"==> {path} <==\n{files[path]}" for path in files))


def test_one_site_beside_others(make: Callable[..., Any]) -> None:
    made = make(nginx=SITE, app={"actionhero": 29}, programs={"nginx_site": target("nginx_site")})
    [one] = render_programs(*made, Secrets({}, str))
    texts = {file.name: file.text for file in one.files}
    compare("nginx-site.conf", texts["site.conf"])
    compare("nginx-site-check.sh", texts["check"])
    assert [file.destination for file in one.files] == [
        "/etc/nginx/conf.d/chat.conf",
        "/usr/local/sbin/actionhero-nginx-check-chat",
    ]


def test_a_site_beside_others_has_a_name(make: Callable[..., Any]) -> None:
    with pytest.raises(DeployError, match="needs its own server_name"):
        render_programs(*make(programs={"nginx_site": target("nginx_site")}), Secrets({}, str))


def test_worker_has_no_nginx(make: Callable[..., Any]) -> None:
    assert render_nginx(*make(serves=False)) == {}
