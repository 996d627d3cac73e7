"""nginx as a balancer accepts what is rendered, and leaves out a host that is down or drained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from deploy.render.local import check_locally
from deploy.render.programs import Secrets, render_programs
from deploy.render.sandbox import make_certificate
from tests.ports import free_port
from tests.render_targets.backends import Backend, get
from tests.render_targets.conftest import Start, make_environment, program, run, wait_for_port
from tests.render_targets.rendering import put, rendered


def made(box: Path, knobs: dict[str, Any], **server: Any) -> Environment:
    """A balancer whose nginx keeps its files in that directory."""
    (box / "temp").mkdir(exist_ok=True)
    places = {
        "pid": str(box / "nginx.pid"),
        "error_log": str(box / "error.log"),
        "access_log": str(box / "access.log"),
        "temp_path": str(box / "temp"),
    }
    lb1 = {"roles": ["balancer"], "programs": {"nginx_balancer": {}}}
    hosts = {
        "lb1": {**lb1, "nginx_balancer": {**places, **knobs}},
        "web1": {"address": "10.0.0.11", "roles": ["server"], **server},
        "web2": {"address": "fd00::12", "roles": ["server"], **server},
    }
    return make_environment(box, hosts)


def check(files: dict[str, Path]) -> str:
    """What `nginx -t` has against them."""
    return run(program("nginx"), "-t", "-q", "-c", files["nginx.conf"]).stdout


@pytest.fixture
def backends() -> Iterator[tuple[Backend, Backend]]:
    pair = Backend("web1"), Backend("web2")
    yield pair
    for one in pair:
        one.stop()


@pytest.mark.parametrize("sticky", ["off", "source"])
@pytest.mark.parametrize("balance", ["roundrobin", "leastconn"])
def test_nginx_accepts_every_knob(box: Path, sticky: str, balance: str) -> None:
    make_certificate(box)
    tls = {"certificate": f"{box}/certificate.pem", "certificate_key": f"{box}/key.pem"}
    knobs = {
        "listen": "127.0.0.1:18080",
        "tls": {**tls, "listen": "127.0.0.1:18443", "hsts_seconds": 300},
        "sticky": sticky,
        "balance": balance,
        "drained": ["web2"],
        "backend_ca": f"{box}/certificate.pem",
    }
    server = {"tls": {"certificate": "/etc/ssl/c.pem", "certificate_key": "/etc/ssl/c.key"}}
    environment = made(box, knobs, nginx={**server, "server_name": "chat.example.org"})
    files = put(rendered(environment, "lb1", "nginx_balancer"), box)
    assert check(files) == ""
    text = files["nginx.conf"].read_text()
    assert "server 10.0.0.11:443 max_fails=3" in text
    assert "server [fd00::12]:443 max_fails=3 fail_timeout=10s down;" in text


def test_a_host_that_is_down_or_drained_costs_no_request(
    box: Path, start: Start, backends: tuple[Backend, Backend]
) -> None:
    port = free_port()
    knobs = {
        "listen": f"127.0.0.1:{port}",
        "user": "root",
        "backends": {one.name: f"127.0.0.1:{one.port}" for one in backends},
    }
    files = put(rendered(made(box, knobs), "lb1", "nginx_balancer"), box)
    command = (program("nginx"), "-c", files["nginx.conf"], "-g", "daemon off;")
    process = start(*command, name="nginx")
    wait_for_port(port, process)
    assert {get(port)[1] for _ in range(6)} == {"web1", "web2"}
    headers = backends[0].asked[-1][1]
    assert (headers["x-forwarded-for"], headers["connection"]) == ("127.0.0.1", "close")
    backends[0].stop()
    assert {get(port)[:2] for _ in range(6)} == {(200, "web2")}


def test_nginx_and_gixy_have_nothing_against_a_copy(box: Path) -> None:
    environment = made(box, {"listen": "80", "pid": "/run/nginx.pid"})
    host = environment.hosts["lb1"]
    reports = list(check_locally(render_programs(environment, host, Secrets({}, str)), box / "out"))
    assert [report.tool for report in reports] == ["nginx -t", "gixy"]
    assert [report.findings for report in reports] == [(), ()]


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"sticky": "cookie"}, "knows no cookie"),
        ({"tls": {"certificate": "/etc/ssl/c.pem"}}, "the private key as a file of its own"),
        ({"backends": {"web1": "10.0.0.1"}}, "backends.web1"),
    ],
)
def test_what_nginx_cannot_do_is_refused(box: Path, knobs: dict[str, Any], what: str) -> None:
    with pytest.raises(DeployError) as raised:
        made(box, knobs)
    assert what in "\n".join(raised.value.details)


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"drained": ["web3"]}, "drained names 'web3'"),
        ({"drained": ["web1", "web2"]}, "every host behind the balancer is drained"),
    ],
)
def test_what_is_drained_has_to_be_there(box: Path, knobs: dict[str, Any], what: str) -> None:
    with pytest.raises(DeployError, match=what):
        rendered(made(box, knobs), "lb1", "nginx_balancer")
