"""The rendered nginx.conf in a real nginx, in front of a real node process on a unix socket.

What the Production Notes' file got wrong has a test here, named after the fault.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[..., Any]

BALANCER = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


def app_saw(site: Any, path: str, **kwargs: Any) -> dict[str, Any]:
    response, body = site.get(path, **kwargs)
    assert response.status == 200, body
    return json.loads(body)


def upgrade(site: Any, path: str, headers: dict[str, str]) -> tuple[str, dict[str, Any], bytes]:
    """Status line, what the app saw, and what it sent back of `ping` over the upgraded socket."""
    lines = [f"GET {path} HTTP/1.1", "Host: chat.example.org", "Connection: Upgrade"]
    lines += ["Upgrade: websocket", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    with socket.create_connection(("127.0.0.1", site.port), timeout=15) as client:
        client.sendall("\r\n".join(lines).encode())
        stream = client.makefile("rb")
        status = stream.readline().decode().strip()
        while stream.readline().strip():
            pass
        saw = json.loads(stream.readline())
        client.sendall(b"ping\n")
        return status, saw, stream.readline()


@pytest.mark.parametrize(
    ("file", "url"),
    [
        ("logo.txt", "/logo.txt"),
        ("logo.txt", "/public/logo.txt"),
        ("about.html", "/about"),
        ("docs/index.html", "/docs"),
        ("docs/index.html", "/docs/"),
        ("cache/prices.html", "/prices"),
        ("index.html", "/"),
        (".well-known/security.txt", "/.well-known/security.txt"),
    ],
)
def test_static_file_never_reaches_the_app(serve: Serve, file: str, url: str) -> None:
    site = serve()
    site.public(file, "from disk")
    response, body = site.get(url)
    assert (response.status, body) == (200, b"from disk")
    assert "upstream=-" in site.log()[-1]
    assert app_saw(site, "/api/count")["requests"] == 1


def test_type_of_a_static_file_is_told(serve: Serve) -> None:
    site = serve(mime_types={"glb": "model/gltf-binary"})
    for name, kind in {
        "a.css": "text/css",
        "a.js": "text/javascript",
        "a.glb": "model/gltf-binary",
    }.items():
        site.public(name, "x")
        assert site.get(f"/{name}")[0].getheader("Content-Type") == kind


def test_what_is_no_file_reaches_the_app_as_it_was_asked(serve: Serve) -> None:
    site = serve()
    saw = app_saw(site, "/api/status?a=1%202", headers={"Host": "chat.example.org"})
    assert saw["url"] == "/api/status?a=1%202"
    assert saw["headers"]["host"] == "chat.example.org"
    assert app_saw(site, "/public/missing.txt")["url"] == "/public/missing.txt"


DOTFILES = (".git/config", ".env", ".deploy/env", "sub/.env", ".well-known/.env", ".well-knownx")


@pytest.mark.parametrize(
    "url", [*(f"/{name}" for name in DOTFILES), "/%2egit/config", "/public/.env"]
)
def test_dotfile_is_never_served(serve: Serve, url: str) -> None:
    site = serve()
    for name in DOTFILES:
        site.public(name, "secret")
    response, body = site.get(url)
    assert response.status == 404
    assert b"secret" not in body
    assert "upstream=-" in site.log()[-1]


@pytest.mark.parametrize("path", ["/api/status", "/primus?x=1"])
def test_app_is_told_the_client_and_the_scheme(serve: Serve, path: str) -> None:
    headers = app_saw(serve(), path, headers={"Host": "chat.example.org"})["headers"]
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == headers["host"] == "chat.example.org"
    assert len(headers["x-request-id"]) == 32


def test_websocket_keeps_every_forwarded_header(serve: Serve) -> None:
    site = serve(real_ip_from=["127.0.0.1"], trust_forwarded_proto=True)
    status, saw, echo = upgrade(site, "/primus?EIO=3", BALANCER)
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert saw["headers"]["x-forwarded-for"] == "203.0.113.7"
    assert saw["headers"]["x-forwarded-proto"] == "https"
    assert saw["headers"]["host"] == "chat.example.org"
    assert saw["headers"]["upgrade"] == "websocket"
    assert echo == b"ping\n"


@pytest.mark.parametrize("path", ["/api/status", "/primus"])
def test_client_cannot_forge_its_address(serve: Serve, path: str) -> None:
    """ActionHero takes the first address of X-Forwarded-For for the client's."""
    headers = app_saw(serve(), path, headers=BALANCER)["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"


def test_balancer_is_believed_only_from_its_addresses(serve: Serve) -> None:
    site = serve(real_ip_from=["192.0.2.0/24"], trust_forwarded_proto=True)
    headers = app_saw(site, "/api/status", headers=BALANCER)["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"


def test_addresses_can_be_appended(serve: Serve) -> None:
    site = serve(forwarded_for="append")
    headers = app_saw(site, "/api/status", headers=BALANCER)["headers"]
    assert headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"


def test_repeatable_request_survives_resets(serve: Serve) -> None:
    """Two workers and two spare entries: three resets in a row, and the fourth answers."""
    assert app_saw(serve(), "/cut/3")["requests"] == 4


def test_post_is_never_repeated(serve: Serve) -> None:
    site = serve()
    response, _ = site.get("/cut/1", method="POST")
    assert response.status == 502
    assert app_saw(site, "/api/count")["requests"] == 2


def test_app_comes_back_at_once_after_it_was_away(serve: Serve) -> None:
    """With nginx's default max_fails every entry would be out for ten seconds."""
    site = serve()
    assert site.get("/cut/9")[0].status == 502
    assert app_saw(site, "/api/status")["requests"] == 5


def test_request_id_is_kept_when_harmless(serve: Serve) -> None:
    site = serve()
    saw = app_saw(site, "/a", headers={"X-Request-Id": "from-the-balancer-1"})
    assert saw["headers"]["x-request-id"] == "from-the-balancer-1"
    assert "id=from-the-balancer-1" in site.log()[-1]
    saw = app_saw(site, "/a", headers={"X-Request-Id": 'x" forged="1'})
    assert len(saw["headers"]["x-request-id"]) == 32


def test_access_log_tells_times_and_upstreams(serve: Serve) -> None:
    site = serve()
    site.get("/cut/1")
    line = site.log()[-1]
    assert "upstream_status=502, 200" in line
    assert line.count("/app/.deploy/sockets/0.sock") == 2
    assert " time=0." in line
    assert " upstream_time=0." in line


def test_body_limit_and_version(serve: Serve) -> None:
    site = serve(client_max_body_size="1k")
    response, body = site.get("/api/x", method="POST", headers={"Content-Length": "2000"})
    assert response.status == 413
    assert response.getheader("Server") == "nginx"
    assert b"nginx/" not in body


def test_answers_are_compressed(serve: Serve) -> None:
    response, body = serve().get("/big", headers={"Accept-Encoding": "gzip"})
    assert response.getheader("Content-Encoding") == "gzip"
    assert len(body) < 1000


def test_a_page_of_the_release_before_finds_its_files(serve: Serve) -> None:
    """Fingerprinted names: the current release has them no more, its own files come first."""
    site = serve(strategy="releases")
    site.public("app.1a.js", "old", tree="app/releases/old")
    site.public("logo.txt", "old", tree="app/releases/old")
    site.public(".env", "secret", tree="app/releases/old")
    site.public("logo.txt", "new", tree="app/releases/new")
    for url, text in {
        "/app.1a.js": b"old",
        "/public/app.1a.js": b"old",
        "/logo.txt": b"new",
    }.items():
        assert site.get(url)[1] == text
    assert site.get("/.env")[0].status == 404
    assert app_saw(site, "/api/count")["requests"] == 1


def test_a_switch_is_one_rename_for_nginx_too(serve: Serve) -> None:
    """The new release's file is served by the very next request: open files are not kept."""
    site = serve(strategy="releases")
    site.public("logo.txt", "old", tree="app/releases/old")
    site.public("logo.txt", "new", tree="app/releases/new")
    assert site.get("/logo.txt")[1] == b"new"
    current = site.root / "app/current"
    (site.root / "app/next").symlink_to("releases/old")
    (site.root / "app/next").rename(current)
    assert site.get("/logo.txt")[1] == b"old"
    (site.root / "app/previous").unlink()
    assert app_saw(site, "/nothing.js")["url"] == "/nothing.js"


def test_a_pending_release_that_dies_costs_nobody_an_answer(serve: Serve) -> None:
    """Measured: every worker crashed after the switch, and 27 requests met a 502."""
    site = serve(strategy="releases")
    sockets = site.root / "app/shared/sockets"
    (sockets / "old").mkdir()
    (sockets / "standby").symlink_to("old")
    old = site.start_app(sockets / "old/0.sock")
    assert [app_saw(site, "/api/count")["requests"] for _ in range(5)] == [1, 2, 3, 4, 5]
    new = site.started[0]
    assert new is not old
    new.kill()
    new.wait()
    for count, method in enumerate(("GET", "POST", "GET"), 1):
        assert app_saw(site, "/api/count", method=method)["requests"] == count
    (sockets / "standby").unlink()
    assert site.get("/api/count")[0].status == 502, "nobody is asked once it is confirmed"
