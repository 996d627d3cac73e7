"""haproxy accepts what is rendered, asks hosts how they are, and drains them through its socket."""

from __future__ import annotations

import re
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.render.sandbox import make_certificate
from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.render_targets.backends import Backend, get
from tests.render_targets.conftest import Start, make_environment, program, run, wait_for_port
from tests.render_targets.rendering import put, rendered

HARMLESS = re.compile(
    r"\[NOTICE\].*(version is|path to executable)|Warnings were found|Configuration file is valid"
    r"|.*Can't open global server state file"  # before its first reload
)
BALANCER = {"lb1": {"address": "10.0.0.2", "roles": ["balancer"], "programs": {"haproxy": {}}}}


@dataclass
class Balanced:
    """haproxy in front of two backends."""

    port: int
    web1: Backend
    web2: Backend
    script: Path
    socket: Path
    process: subprocess.Popen[bytes]
    files: dict[str, Path]

    def answers(self, requests: int = 4) -> set[str]:
        """Who answers; any request that fails is among them by its status."""
        got = [get(self.port)[:2] for _ in range(requests)]
        return {body if status == 200 else str(status) for status, body in got}

    def balancer(self, *words: str, ssh: str | None = None) -> subprocess.CompletedProcess[str]:
        env = {"SSH_ORIGINAL_COMMAND": ssh} if ssh is not None else None
        return run("sh", self.script, *words, env=env)


@pytest.fixture
def backends() -> Iterator[tuple[Backend, Backend]]:
    pair = Backend("web1"), Backend("web2")
    yield pair
    for one in pair:
        one.stop()


@pytest.fixture
def balanced(box: Path, start: Start, backends: tuple[Backend, Backend]) -> Balanced:
    port = free_port()
    knobs = knobs_in(box, port, backends)
    files = put(rendered(made(box, knobs), "lb1", "haproxy"), box)
    process = launch(start, files)
    wait_for_port(port, process)
    return Balanced(port, *backends, files["balancer"], box / "admin.sock", process, files)


def knobs_in(box: Path, port: int, backends: tuple[Backend, Backend]) -> dict[str, Any]:
    """Knobs of a haproxy that runs in that directory as whoever starts it."""
    return {
        "user": None,
        "chroot": None,
        "socket": str(box / "admin.sock"),
        "state_file": str(box / "state"),
        "listen": f"127.0.0.1:{port}",
        "check_interval": 1,
        "check_fall": 1,
        "check_rise": 1,
        "log": "stdout",
        "backends": {one.name: f"127.0.0.1:{one.port}" for one in backends},
    }


def made(box: Path, haproxy: dict[str, Any], **server: Any) -> Any:
    hosts = {
        "lb1": {**BALANCER["lb1"], "haproxy": haproxy},
        "web1": {"address": "10.0.0.11", "roles": ["server"], **server},
        "web2": {"address": "10.0.0.12", "roles": ["server"], **server},
        "jobs1": {"address": "10.0.0.21", "roles": ["worker"]},
    }
    return make_environment(box, hosts)


def launch(start: Start, files: dict[str, Path]) -> subprocess.Popen[bytes]:
    return start(program("haproxy"), "-db", "-f", files["haproxy.cfg"], name="haproxy")


def check(files: dict[str, Path]) -> str:
    """What `haproxy -c` says; empty: nothing at all, and it accepts the file."""
    done = run(program("haproxy"), "-c", "-f", files["haproxy.cfg"])
    assert done.returncode == 0, done.stdout
    return "".join(line for line in done.stdout.splitlines(True) if not HARMLESS.match(line))


def test_haproxy_accepts_the_defaults(box: Path) -> None:
    environment = made(box, {"chroot": str(box), "user": "root"})
    files = put(rendered(environment, "lb1", "haproxy"), box)
    assert check(files) == ""
    text = files["haproxy.cfg"].read_text()
    assert "    server web1 10.0.0.11:80 check\n" in text
    assert "jobs1" not in text


@pytest.mark.parametrize("sticky", ["source", "cookie"])
def test_haproxy_accepts_every_knob(box: Path, sticky: str) -> None:
    make_certificate(box)
    pem = box / "both.pem"
    pem.write_text("".join(file.read_text() for file in sorted(box.glob("*.pem"))))
    knobs = {
        "chroot": str(box),
        "user": "root",
        "sticky": sticky,
        "balance": "leastconn",
        "tls": {"certificate": str(pem), "hsts_seconds": 300},
        "server_max_connections": 50,
        "stats": "127.0.0.1:8404",
        "backend_ca": str(pem),
    }
    tls = {"certificate": "/etc/ssl/chat.pem", "certificate_key": "/etc/ssl/chat.key"}
    environment = made(box, knobs, nginx={"tls": tls, "server_name": "chat.example.org"})
    files = put(rendered(environment, "lb1", "haproxy"), box)
    assert check(files) == ""
    assert "server web1 10.0.0.11:443 check ssl verify required" in files["haproxy.cfg"].read_text()


def test_a_host_that_fails_its_health_check_gets_nothing(balanced: Balanced) -> None:
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "both")
    balanced.web1.is_well = False
    wait_until(lambda: balanced.answers() == {"web2"}, "the health check")
    balanced.web1.is_well = True
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "its recovery")


def test_a_drained_host_gets_nothing_until_it_is_ready(balanced: Balanced) -> None:
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "both")
    assert balanced.balancer("drain", "web1").returncode == 0
    assert balanced.answers(8) == {"web2"}
    assert balanced.balancer(ssh="ready web1").returncode == 0
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "its return")


def test_a_drained_host_stays_so_over_a_restart(balanced: Balanced, start: Start) -> None:
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "both")
    balanced.balancer("drain", "web2")
    assert balanced.balancer("save").returncode == 0
    # As a reload does it: the new one takes the listeners, and the old one ends.
    start(
        *(program("haproxy"), "-db", "-f", balanced.files["haproxy.cfg"]),
        *("-x", balanced.socket, "-sf", balanced.process.pid),
        name="again",
    )
    balanced.process.wait(10)
    assert balanced.answers(8) == {"web1"}


def test_the_script_tells_what_it_cannot_do(balanced: Balanced) -> None:
    for words in (["drain", "web9"], ["drain", "web1; show info"], ["erase"], ["drain"], []):
        done = balanced.balancer(*words)
        assert (done.returncode, done.stdout[:10]) == (1, "balancer: "), words
    assert balanced.balancer(ssh="drain $(reboot)").returncode == 1
    assert balanced.balancer("show").stdout.count(" web") == 2


def test_a_client_is_not_believed_who_it_is(balanced: Balanced) -> None:
    get(balanced.port, headers={"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"})
    asked = [*balanced.web1.asked, *balanced.web2.asked]
    [headers] = [headers for path, headers in asked if path == "/"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"


def test_a_host_that_refuses_costs_no_request(balanced: Balanced) -> None:
    wait_until(lambda: balanced.answers() == {"web1", "web2"}, "both")
    balanced.web1.stop()
    assert balanced.answers(10) == {"web2"}


def test_tls_ends_here_and_plain_http_is_redirected(
    box: Path, start: Start, backends: tuple[Backend, Backend]
) -> None:
    make_certificate(box)
    pem = box / "both.pem"
    pem.write_text("".join(file.read_text() for file in sorted(box.glob("*.pem"))))
    port, secure = free_port(), free_port()
    tls = {"certificate": str(pem), "listen": f"127.0.0.1:{secure}"}
    knobs = {**knobs_in(box, port, backends), "tls": tls}
    process = launch(start, put(rendered(made(box, knobs), "lb1", "haproxy"), box))
    wait_for_port(secure, process)
    assert get(port, "/x")[2].getheader("location") == f"https://127.0.0.1:{port}/x"
    unchecked = ssl._create_unverified_context()  # noqa: S323  # signed by itself
    with urllib.request.urlopen(f"https://127.0.0.1:{secure}/", context=unchecked) as answer:
        assert answer.read().decode() in ("web1", "web2")


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_the_script_is_a_clean_shell_script(box: Path, shell: str) -> None:
    script = put(rendered(made(box, {}), "lb1", "haproxy"), box)["balancer"]
    words = [shell, "sh"] if shell == "busybox" else [shell]
    assert run(*words, "-n", script).returncode == 0
    assert run("shellcheck", script).stdout == ""


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"role": "worker"}, "no host of role 'worker' serves"),
        ({"backends": {"jobs1": "10.0.0.1:80"}}, "backends names 'jobs1'"),
    ],
)
def test_what_stands_behind_has_to_serve(box: Path, knobs: dict[str, Any], what: str) -> None:
    with pytest.raises(DeployError, match=what) as raised:
        rendered(made(box, knobs), "lb1", "haproxy")
    assert raised.value.host == "lb1"
