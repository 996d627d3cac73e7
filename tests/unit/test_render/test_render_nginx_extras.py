"""What a site may have beyond files and app, in a real nginx: maintenance, caches, limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_render.test_render_nginx_serves import app_saw

Serve = Callable[..., Any]

BROTLI = (
    Path(__file__).parents[3]
    / ".venv/debian/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so"
)
CLIENT = {"X-Forwarded-For": "203.0.113.7"}
HASHED = "app.3f9ac01b.js"


def control(site: Any, url: str) -> str | None:
    response, _ = site.get(url)
    assert response.status == 200
    header: str | None = response.getheader("Cache-Control")
    return header


def close(site: Any, *friends: str) -> Path:
    """As `maintenance.on` does."""
    directory: Path = site.root / "app/.deploy/maintenance"
    (directory / "friends").mkdir(parents=True)
    for friend in friends:
        (directory / "friends" / friend).touch()
    (directory / "on").touch()
    return directory / "on"


def test_a_cdn_can_ask_again_for_a_static_file(serve: Serve) -> None:
    site = serve()
    site.public("logo.txt", "from disk")
    response, _ = site.get("/logo.txt")
    assert response.getheader("Cache-Control") == "public, max-age=60"
    tag, changed = response.getheader("ETag"), response.getheader("Last-Modified")
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
        again, body = site.get("/logo.txt", headers=headers)
        assert (again.status, body) == (304, b"")
        assert again.getheader("Cache-Control") == "public, max-age=60"


@pytest.mark.parametrize(
    ("name", "is_immutable"),
    [
        (HASHED, True),
        ("vendor-0123456789abcdef0123.min.css", True),
        ("photo-20261123.jpg", False),
        ("deadbeef.js", False),
        ("app.facade.js", False),
    ],
)
def test_only_a_hash_in_the_name_makes_a_file_immutable(
    serve: Serve, name: str, is_immutable: bool
) -> None:
    site = serve()
    site.public(name, "x")
    wanted = "public, max-age=31536000, immutable" if is_immutable else "public, max-age=60"
    assert control(site, f"/{name}") == control(site, f"/public/{name}") == wanted


def test_what_is_immutable_is_a_knob(serve: Serve) -> None:
    static = {"max_age": 0, "immutable": r"^/assets/[^/]+-[A-Za-z0-9_-]{8}\.js$"}
    site = serve(static=static)
    site.public("assets/index-BRuAkPqG.js", "x")
    site.public(HASHED, "x")
    assert "immutable" in str(control(site, "/assets/index-BRuAkPqG.js"))
    assert control(site, f"/{HASHED}") == "no-cache"


def test_nothing_is_immutable_where_nobody_wants_it(serve: Serve) -> None:
    site = serve(static={"immutable": None})
    site.public(HASHED, "x")
    assert control(site, f"/{HASHED}") == "public, max-age=60"


def test_the_apps_answers_are_its_own_to_judge(serve: Serve) -> None:
    site = serve()
    assert control(site, f"/{HASHED}") is None
    assert control(site, "/own") == "private"


def test_a_file_of_the_release_before_is_immutable_as_well(serve: Serve) -> None:
    site = serve(strategy="releases")
    site.public(HASHED, "old", tree="app/releases/old")
    assert "immutable" in str(control(site, f"/{HASHED}"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", ["/logo.txt", "/api/x", "/primus", "/no/such"])
def test_a_closed_site_answers_503_without_a_reload(serve: Serve, url: str, method: str) -> None:
    site = serve()
    site.public("logo.txt", "from disk")
    flag = close(site)
    response, body = site.get(url, method=method)
    assert response.status == 503
    assert response.getheader("Retry-After") == "300"
    assert response.getheader("Cache-Control") == "no-store"
    assert response.getheader("Content-Type") == "text/html"
    assert b"Maintenance" in body
    assert app_saw(site, "/api/status")["requests"] == 1, "health checks pass"
    flag.unlink()
    assert site.get("/logo.txt")[0].status == 200


def test_friends_pass_a_closed_site(serve: Serve) -> None:
    site = serve(real_ip_from=["127.0.0.1"], maintenance={"allow": ["198.51.100.0/24"]})
    close(site, "203.0.113.7")
    for address, status in {
        "203.0.113.7": 200,
        "198.51.100.9": 200,
        "203.0.113.8": 503,
    }.items():
        assert site.get("/api/x", headers={"X-Forwarded-For": address})[0].status == status


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_closed_site_may_have_a_page_of_its_own(serve: Serve, method: str) -> None:
    site = serve(maintenance={"page": "{root}/closed.html", "retry_after": "10m"})
    (site.root / "closed.html").write_text("our own words")
    close(site)
    response, body = site.get("/api/x.json", method=method)
    assert (response.status, response.getheader("Retry-After")) == (503, "600")
    assert (b"our own words" in body) == (method == "GET")


def test_the_apps_own_503_is_not_the_maintenance_page(serve: Serve) -> None:
    response, body = serve().get("/full")
    assert response.status == 503
    assert response.getheader("Retry-After") is None
    assert json.loads(body)["url"] == "/full"


def test_without_maintenance_no_file_closes_the_site(serve: Serve) -> None:
    site = serve(maintenance=None)
    close(site)
    assert site.get("/api/x")[0].status == 200


def test_nothing_is_kept_by_default(serve: Serve) -> None:
    site = serve()
    assert [app_saw(site, "/a")["requests"] for _ in range(3)] == [1, 2, 3]


def test_a_microcache_keeps_what_may_be_shared(serve: Serve) -> None:
    site = serve(cache={"seconds": 1, "path": "{root}/cache"})
    assert [app_saw(site, "/a")["requests"] for _ in range(3)] == [1, 1, 1]
    assert app_saw(site, "/a", method="POST")["requests"] == 2
    somebody = ({"Cookie": "a=b"}, {"Authorization": "Basic eDp4"}, {"Pragma": "no-cache"})
    assert [app_saw(site, "/a", headers=one)["requests"] for one in somebody] == [3, 4, 5]
    assert [app_saw(site, "/own")["requests"] for _ in range(2)] == [6, 7]
    assert [app_saw(site, "/api/status")["requests"] for _ in range(2)] == [8, 9]
    end = time.monotonic() + 10
    while app_saw(site, "/a")["requests"] == 1:
        assert time.monotonic() < end


def test_a_limit_counts_a_clients_requests_to_the_app(serve: Serve) -> None:
    site = serve(real_ip_from=["127.0.0.1"], limits={"requests": 1, "burst": 3})
    site.public("logo.txt", "from disk")
    answers = [site.get("/a", headers=CLIENT)[0].status for _ in range(6)]
    assert answers == [200, 200, 200, 200, 429, 429]
    assert site.get("/logo.txt", headers=CLIENT)[0].status == 200, "files are free"
    assert site.get("/primus", headers=CLIENT)[0].status == 429
    other = {"X-Forwarded-For": "203.0.113.8"}
    assert site.get("/a", headers=other)[0].status == 200
    assert {site.get("/a")[0].status for _ in range(9)} == {200}, "the host itself"


def test_who_is_exempt_has_no_limit(serve: Serve) -> None:
    limits = {"requests": 1, "burst": 1, "connections": 1, "exempt": ["203.0.113.0/24"]}
    site = serve(real_ip_from=["127.0.0.1"], limits=limits)
    assert {site.get("/a", headers=CLIENT)[0].status for _ in range(9)} == {200}


def test_a_limit_counts_what_goes_on_at_the_same_time(serve: Serve) -> None:
    site = serve(
        real_ip_from=["127.0.0.1"], limits={"requests": 1000, "burst": 1000, "connections": 2}
    )
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(site.get, "/slow", headers=CLIENT) for _ in range(6)]
    statuses = sorted(one.result()[0].status for one in asked)
    assert statuses == [200, 200, 429, 429, 429, 429]


def test_brotli_where_the_client_takes_it_and_gzip_elsewhere(serve: Serve) -> None:
    assert BROTLI.exists(), "the module is not unpacked: run script/setup"
    site = serve(brotli={"module": str(BROTLI)})
    for accepted, chosen in {"br, gzip": "br", "gzip": "gzip", "": None}.items():
        response, _ = site.get("/big", headers={"Accept-Encoding": accepted})
        assert response.getheader("Content-Encoding") == chosen
        assert response.getheader("Vary") == "Accept-Encoding"
