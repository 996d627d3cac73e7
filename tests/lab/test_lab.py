"""The lab is what it says: real, unprivileged, apart from the machine, and gone afterwards."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import Lab, Load, Site
from tests.lab.daemons import ask_redis
from tests.lab.inventory import COMMITTED, text
from tests.lab.processes import belonging, find, wait_until
from tests.lab.site import HTTP_PORT, REDIS_PORT, App
from tests.lab.sshd import environment
from tests.lab.toolchain import provide
from tests.lab.web import Response

pytestmark = pytest.mark.lab

START = {
    14: "./node_modules/.bin/actionhero startCluster --workers=2",
    18: "./node_modules/.bin/actionhero start cluster --workers=2",
    29: "node dist/server.js",
}


@pytest.fixture(scope="module", params=[14, 18, 29])
def installed(request: pytest.FixtureRequest, labs: Callable[[App], Lab]) -> Iterator[Lab]:
    """The app on web1, cloned and installed as the deploy user."""
    lab = labs(request.param)
    lab.reset()
    build = "npm run build" if request.param == 29 else ":"
    clone = f"git clone -q {lab.site.repository} {lab.app_path('web1')}"
    lab.sh("web1", f"{clone}\ncd {lab.app_path('web1')}\nnpm ci\n{build}\nmkdir pids log")
    yield lab
    lab.reset()


def test_committed_inventory_is_the_default_lab() -> None:
    assert (COMMITTED / "lab.yml").read_text() == text(Site())


@pytest.mark.parametrize("role", ["server", "worker"])
def test_app_started_by_hand_answers_on_its_socket(installed: Lab, role: str) -> None:
    lab = installed
    socket_path = start(lab, role)
    revision = ask(lab, socket_path, "/api/revision").json()
    assert revision["revision"] == lab.number("HEAD")
    assert revision["pid"] in {process.pid for process in lab.processes("web1")}
    assert ask(lab, socket_path, "/api/status").status == 200
    assert ask(lab, socket_path, "/nothing").status == 404
    # A bare request to the WebSocket's path is told to upgrade, where there is one.
    assert ask(lab, socket_path, "/primus").status == (426 if role == "server" else 404)
    stop(lab)


def test_nginx_serves_files_itself_and_passes_the_rest_on(installed: Lab) -> None:
    lab = installed
    assert lab.get("web1", "/api/status").status == 502
    start(lab, "server")
    newest = lab.number("HEAD")
    assert lab.get("web1", "/api/revision").json()["revision"] == newest
    assert "x-powered-by" not in lab.get("web1", "/static.txt").headers
    with lab.load("web1", clients=2, requests=30) as load:
        load.wait(30)
    assert (dict(load.outcomes), dict(load.revisions)) == ({"200": 30}, {newest: 30})
    before = time.monotonic()
    assert lab.get("web1", "/api/slow").status == 200
    assert time.monotonic() - before >= 3
    stop(lab)


@pytest.mark.skipif(os.geteuid() != 0, reason="started as root only can it drop to other users")
def test_started_as_root_nothing_runs_as_root(lab29: Lab) -> None:
    users = {name: process.uid for name, process in lab29.status().items() if process}
    deploy, nginx = lab29.account.uid, lab29.nginx_account.uid
    assert 0 not in (deploy, nginx)
    assert deploy != nginx
    assert all(
        uid == (nginx if name.startswith("nginx") else deploy) for name, uid in users.items()
    )
    running = belonging(lab29.site.root, {0, deploy, nginx}, filter(None, lab29.status().values()))
    assert {process.uid for process in running} == {deploy, nginx}
    assert lab29.sh("web1", "id -un").strip() == lab29.account.name


def test_login_finds_the_environment_of_its_host(lab29: Lab) -> None:
    lines = lab29.sh("web1", "env").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line)
    expected = environment(lab29.site, "web1", provide(29, lab29.account))
    assert {name: given.get(name) for name in expected} == expected


def test_orphan_that_ends_is_reaped_by_its_hosts_init(lab29: Lab) -> None:
    pid = int(lab29.sh("web1", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"))
    process = find(pid)
    assert process is not None
    process.signal(signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the zombie", 1)


def test_login_says_nothing_of_its_own(lab29: Lab) -> None:
    done = run_ssh(lab29, "jobs1", "true")
    assert (done.stdout, done.stderr) == ("", "")


def test_host_key_is_the_known_one_only(lab29: Lab) -> None:
    known = lab29.site.keys / "known_hosts"
    elsewhere = known.with_name("others")
    elsewhere.write_text(re.sub(r"^\S+", "[127.0.0.1]:1", known.read_text(), flags=re.MULTILINE))
    done = run_ssh(lab29, "web1", "true", "-oUserKnownHostsFile=" + str(elsewhere))
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_controller_and_hosts_read_the_repository_without_a_question(lab29: Lab) -> None:
    url = lab29.site.repository
    sha = lab29.commit("read me")
    on_host = lab29.sh("web2", f"git ls-remote {url} main")
    here = subprocess.run(
        ["git", "ls-remote", url, "main"],
        env=os.environ | lab29.environment | {"GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert on_host.split()[0] == here.split()[0] == sha


def test_commit_counts_up_and_changes_files(lab29: Lab) -> None:
    first = lab29.commit("a file", {"deep/er/file.txt": "text\n"})
    second = lab29.commit("and gone", {"deep/er/file.txt": None})
    assert int(lab29.number(second)) == int(lab29.number(first)) + 1
    assert lab29.repository.show(first, "deep/er/file.txt") == "text\n"
    with pytest.raises(RuntimeError, match="does not exist"):
        lab29.repository.show(second, "deep/er/file.txt")


def test_replica_holds_what_redis_was_told(lab29: Lab) -> None:
    with socket.create_connection((lab29.site.address("redis"), REDIS_PORT), 10) as client:
        client.sendall(b"SET lab real\r\nWAIT 1 5000\r\n")
        wait_until(lambda: b":1" in client.recv(100), "the replica")
    assert "real" in ask_redis(lab29.site, "replica", "GET", "lab")


def test_two_labs_stand_side_by_side(lab18: Lab, lab29: Lab) -> None:
    assert lab18.sh("web1", "node --version") != lab29.sh("web1", "node --version")
    for lab in (lab18, lab29):
        assert len(lab.status()) == 8
        assert all(lab.status().values())


def test_up_again_leaves_a_running_lab_alone(lab29: Lab) -> None:
    before = lab29.status()
    lab29.up()
    assert lab29.status() == before


def test_load_counts_what_fails_by_kind(lab29: Lab) -> None:
    lab29.reset()
    with lab29.load("web2", requests=5) as nothing_deployed:
        nothing_deployed.wait(5)
    assert nothing_deployed.failed == {"502": 5}
    with Load((lab29.site.address("redis"), HTTP_PORT), "/", requests=3) as nobody:
        nobody.wait(3)
    assert nobody.failed == {"ConnectionRefusedError": 3}


def start(lab: Lab, role: str) -> str:
    """Start the app of web1 as a person would, and wait until its socket answers."""
    app = lab.app_path("web1")
    path = f"{app}/.deploy/sockets/0.sock"
    variables = (
        f"NODE_ENV=production ACTIONHERO_ROLE={role} PORT={path} SERVER_TOKEN=secret"
        f" REDIS_HOST={lab.site.address('redis')} REDIS_PORT={REDIS_PORT}"
    )
    lab.sh(
        "web1",
        f"cd {app}; mkdir -p .deploy/sockets\n"
        f"export {variables}\nsetsid {START[lab.site.app]} >log/out 2>&1 </dev/null &",
    )

    def answers() -> bool:
        return ask(lab, path, "/api/status").status == 200

    wait_until(answers, f"the app on {path}", 60)
    return path


def stop(lab: Lab) -> None:
    """TERM to whatever a session leader it is, and wait until none is left."""
    for process in lab.processes("web1"):
        process.signal(signal.SIGTERM)
    wait_until(lambda: not lab.processes("web1"), "the app's end", 30)


def ask(lab: Lab, path: str, url: str) -> Response:
    """A request on a unix socket, by curl, as the deploy user; status 0: no answer."""
    curl = ("curl", "-s", "-w", "\n%{http_code}", "--unix-socket", path, f"http://app{url}")
    body, _, status = lab.account.run(*curl, env={}, check=False).rpartition("\n")
    return Response(int(status), {}, body)


def run_ssh(lab: Lab, host: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """OpenSSH's own client, with nothing but the lab's configuration."""
    return subprocess.run(
        ["ssh", "-F", str(lab.site.ssh_config), "-oBatchMode=yes", *options, host, command],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
