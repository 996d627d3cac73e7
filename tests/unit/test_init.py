"""`invoke init`: from what repository and hosts said to an inventory; what it refuses to do."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.app import Flags
from deploy.app.drafting import Subject, draft
from deploy.app.finding import choose_app
from deploy.app.initiating import init, parse_hosts
from deploy.app.source import Source, app_name, read_source
from deploy.errors import DeployError, ExitCode
from deploy.facts.discovery import Discovery, parse_discovery
from deploy.inventory import load_environment
from deploy.repository.clone import without_credentials

SOURCE = Source(
    "git@git:chat.git", "main", "3" * 40, "chat", "18.1.4", "package-lock.json", True, True, ">=8"
)
NGINX = """
upstream chat { server 127.0.0.1:8081; server 127.0.0.1:8081; }
server { listen 80 default_server; listen [::]:80; server_name other; location / { return 404; } }
server {
  listen 443 ssl; server_name chat.example.com;
  ssl_certificate /etc/ssl/chat.pem; ssl_certificate_key /etc/ssl/chat.key;
  location / { proxy_pass http://chat; }
}
"""
NODE = "/opt/node-12/bin/node"


def process(pid: int, parent: int, directory: str, *words: str, owner: str = "me") -> str:
    command = "\x1f".join(["node", f"{directory}/node_modules/.bin/actionhero", *words])
    return f"process\t{pid}\t{parent}\t100\t10\t{owner}\t{directory}\t{NODE}\t{command}\n"


def recorded(directory: str = "/srv/chat", unit: str = "") -> str:
    """A cluster of two workers on port 8081, as a host tells of it."""
    told = "login\tdeploy\t/usr/bin/node\t/usr/bin/npm\n"
    told += process(10, 1, directory, "start", "cluster")
    for pid in (11, 12):
        told += process(pid, 10, directory, "start")
    for name, value in (("NODE_ENV", "production"), ("ACTIONHERO_SHUTDOWN_TIMEOUT", "120000")):
        told += f"environ\t10\t{name}\t{value}\n"
    for name in ("SERVER_TOKEN", "REDIS_URL", "MAIL_FROM", "HOME", "SSH_CLIENT"):
        told += f"named\t10\t{name}\n"
    for port in ("1F91", "1388"):  # the web server's, and that of the TCP server
        told += f"listens\t10\ttcp\t0100007F:{port}\n"
    told += f"node\t10\tv12.22.12\t/opt/node-12/bin\n{unit}"
    told += f"tree\t{directory}\tgit@git:chat.git\tmain\t{'3' * 40}\t18.1.4\n"
    told += f"pidfile\t{directory}\tcluster_pidfile\t10\n"
    return told + f"nginx\t/etc/nginx/nginx.conf\t{b64encode(NGINX.encode()).decode()}\n"


def found(text: str) -> Discovery:
    return parse_discovery(text)


def made(tmp_path: Path, *subjects: Subject, source: Source = SOURCE) -> tuple[str, dict[str, Any]]:
    """The text, which is an inventory, and its values."""
    text = draft(source, subjects, "", "")
    (tmp_path / "new.yml").write_text(text)
    load_environment("new", tmp_path)
    return text, yaml.safe_load(text)


def running(name: str, text: str) -> Subject:
    look = found(text)
    return Subject(name, f"{name}.example.com", "deploy", None, look, choose_app(name, look, ""))


def test_a_running_cluster_is_written_down_with_reasons(tmp_path: Path) -> None:
    text, data = made(tmp_path, running("web1", recorded()))
    assert data["strategy"] == "in_place"
    assert data["app"]["path"] == "/srv/chat"
    assert data["app"]["build"] == [{"run": "npm run build", "timeout": 300}]
    assert (data["workers"], data["listen"], data["node_bin"]) == (2, 8081, "/opt/node-12/bin")
    assert data["env"] == {"ACTIONHERO_SHUTDOWN_TIMEOUT": "120000", "NODE_ENV": "production"}
    assert data["stop_timeout"] == 150
    assert data["secrets"] == {name: {"env": name} for name in ("REDIS_URL", "SERVER_TOKEN")}
    tls = {
        "certificate": "/etc/ssl/chat.pem",
        "certificate_key": "/etc/ssl/chat.key",
        "listen": 443,
    }
    (nginx,) = [data["hosts"]["web1"]["nginx"]]
    assert nginx == {"server_name": "chat.example.com", "tls": tls | {"listen": "443"}}
    assert data["roles"] == {"server": {"serves": True}}
    for why in (
        "# web1: the cluster master 10 works there; pids/cluster_pidfile names it.",
        "# ActionHero 18.1.4 (package-lock.json): `actionhero start cluster`",
        "# It listens on 127.0.0.1:8081 now.",
        "whose values were not read: MAIL_FROM.",
    ):
        assert why in text
    assert "HOME" not in text


def test_what_hosts_have_alike_stands_once(tmp_path: Path) -> None:
    other = recorded("/srv/elsewhere").replace("environ\t10\tNODE_ENV\tproduction\n", "")
    _, data = made(tmp_path, running("web1", recorded()), running("web2", other))
    assert data["workers"] == 2
    assert "env" not in data
    assert data["hosts"]["web1"]["env"]["NODE_ENV"] == "production"
    assert "path" not in data["hosts"]["web1"]
    assert data["hosts"]["web2"]["path"] == "/srv/elsewhere"


def test_a_unit_that_keeps_the_app_alive_is_told(tmp_path: Path) -> None:
    text, data = made(tmp_path, running("web1", recorded(unit="unit\t10\tsystem\tchat.service\n")))
    assert data["supervisor"] == "detached"
    assert "# chat.service of systemd (system) keeps it alive now: disable that" in text
    _, data = made(
        tmp_path, running("web1", recorded(unit="unit\t10\tuser\tactionhero-x@1.service\n"))
    )
    assert data["supervisor"] == "systemd-user"


def test_a_worker_is_one_that_nobody_reaches(tmp_path: Path) -> None:
    lines = [line for line in recorded().splitlines(True) if not line.startswith("listens")]
    _, data = made(tmp_path, running("jobs1", "".join(lines)))
    assert data["roles"] == {"worker": {"serves": False}}
    assert "listen" not in data


def test_a_release_is_known_by_its_directory(tmp_path: Path) -> None:
    release = "/srv/chat/releases/20261123T141502Z-3f2a9c1"
    socket = "listens\t10\tunix\t../../shared/sockets/20261123T141502Z-3f2a9c1/0.sock\n"
    lines = [line for line in recorded(release).splitlines(True) if not line.startswith("listens")]
    live = NGINX.replace("127.0.0.1:8081", "unix:/srv/chat/shared/sockets/live/0.sock")
    nginx = f"nginx\t/srv/nginx.conf\t{b64encode(live.encode()).decode()}\n"
    text, data = made(tmp_path, running("web1", "".join([*lines, socket, nginx])))
    assert (data["strategy"], data["app"]["path"]) == ("releases", "/srv/chat")
    assert data["listen"] == "socket"
    assert "sockets_dir" not in data
    assert "/srv/nginx.conf passes requests on to it" in text


def test_without_a_host_there_is_an_example_to_change(tmp_path: Path) -> None:
    source = Source(
        "git@git:chat.git", "main", "3" * 40, "chat", "^18.0.0", "package.json", False, False, ""
    )
    text, data = made(tmp_path, source=source)
    assert data["app"]["actionhero"] == 18
    assert "commit package-lock.json" in text
    assert data["app"]["path"] == "/srv/chat"
    assert "web1" in data["hosts"]


def test_several_apps_are_listed_where_none_is_named() -> None:
    look = found(recorded() + recorded("/srv/two"))
    with pytest.raises(DeployError) as refused:
        choose_app("web1", look, "")
    assert refused.value.details == ("/srv/chat", "/srv/two")
    chosen = choose_app("web1", look, "/srv/two")
    assert chosen is not None
    assert chosen.directory == "/srv/two"


def test_of_two_releases_that_run_it_is_the_later_one() -> None:
    """One drains, or was left; its directory is no other app's."""
    old, new = (f"/srv/chat/releases/2026112{day}T141502Z-3f2a9c1" for day in (3, 4))
    later = recorded(new).replace("\t100\t10\tme", "\t900\t10\tme").replace("\t10\t", "\t20\t")
    for look in (found(recorded(old) + later), found(later + recorded(old))):
        assert len(look.apps) == 2
        for path in ("", "/srv/chat"):
            chosen = choose_app("web1", look, path)
            assert chosen is not None
            assert chosen.directory == new


def test_a_host_is_named_as_people_write_it() -> None:
    named = [
        (one.name, one.user, one.address, one.port)
        for one in parse_hosts("deploy@web1.example.com:2222, jobs=10.0.0.7, 10.0.0.8")
    ]
    assert named == [
        ("web1", "deploy", "web1.example.com", 2222),
        ("jobs", "", "10.0.0.7", None),
        ("host3", "", "10.0.0.8", None),
    ]
    with pytest.raises(DeployError, match="is no host"):
        parse_hosts("-oProxyCommand=reboot")


def test_a_clone_on_this_machine_tells_of_the_app(tmp_path: Path) -> None:
    clone = tmp_path / "chat"
    clone.mkdir()
    files = {
        "package.json": {
            "name": "@team/chat",
            "scripts": {"build": "tsc"},
            "engines": {"node": "20"},
        },
        "package-lock.json": {"packages": {"node_modules/actionhero": {"version": "29.3.5"}}},
    }
    for name, body in files.items():
        (clone / name).write_text(json.dumps(body))
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    for words in (
        ("init", "-q", "--initial-branch=trunk"),
        ("add", "."),
        (*who, "commit", "-q", "-m", "one"),
        ("remote", "add", "origin", "https://me:s3cret@git.example.com/chat.git"),
    ):
        subprocess.run(["git", *words], cwd=clone, check=True)
    source = read_source(str(clone), "", "")
    assert (source.url, source.branch) == ("https://git.example.com/chat.git", "trunk")
    assert (source.name, source.actionhero, source.build) == ("chat", "29.3.5", True)
    assert without_credentials("git@git:chat.git") == "git@git:chat.git"
    assert app_name("", "ssh://git/srv/my chat.git") == "my-chat"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "there is no terminal to ask"),
        ({"repository": "/"}, "is no clone with an origin"),
        ({"host": "a b"}, "is no host"),
    ],
)
def test_nothing_is_asked_without_a_terminal(
    asked: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_INVENTORY", str(tmp_path))
    monkeypatch.setattr("sys.stdin", (tmp_path / "input").open("w+"))
    with pytest.raises(DeployError, match=words) as refused:
        init(asked, Flags("new"))
    assert refused.value.exit_code == ExitCode.USAGE
    assert not (tmp_path / "new.yml").exists()


def test_a_file_that_is_there_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_INVENTORY", str(tmp_path))
    (tmp_path / "live.yml").write_text("mine")
    with pytest.raises(DeployError, match="is there already"):
        init({"repository": "/"}, Flags("live"))
    with pytest.raises(DeployError, match="no name of an environment"):
        init({"repository": "/"}, Flags("../live"))
    assert (tmp_path / "live.yml").read_text() == "mine"
