"""Every directive of the Production Notes' nginx.conf: kept here, or changed for a reason.

Their values are given as knobs, crossplane reads what is rendered, docs/nginx.md has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import crossplane
import pytest

from deploy.render import render_nginx, write_files

Make = Callable[..., Any]
Block = tuple[str, ...]
Read = list[tuple[Block, str, str]]

PAGE = Path(__file__).parents[3] / "docs/nginx.md"
TYPES = (
    "text/plain text/xml text/css text/comma-separated-values text/javascript"
    " application/x-javascript font/ttf font/otf image/svg+xml application/atom+xml"
)
FORMAT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
    ' "$http_user_agent" "$http_x_forwarded_for" $request_time'
)
FILES = (
    *("/$uri/index.html", "/cache/$uri/index.html"),
    *("/$uri.html", "/cache/$uri.html", "/$uri", "/cache/$uri"),
)
VALUES = {
    "worker_processes": 4,
    "error_log": "/var/log/nginx/error.log",
    "error_log_level": "warn",
    "pid": "/var/run/nginx.pid",
    "worker_connections": 1024,
    "accept_mutex": True,
    "default_type": "application/octet-stream",
    "server_tokens": False,
    "sendfile": True,
    "keepalive_timeout": 65,
    "real_ip_from": ["192.0.2.0/24"],
    "real_ip_header": "X-Forwarded-For",
    "gzip": {
        "enabled": True,
        "http_version": "1.0",
        "level": 9,
        "proxied": "any",
        "types": TYPES.split(),
    },
    "log_format": FORMAT,
    "forwarded_for": "append",
    "listen": 80,
    "server_name": "_",
    "access_log": "/var/log/nginx/access.log",
    "try_files": FILES,
    "client_max_body_size": "50M",
    "websocket_path": "/primus",
    "proxy_buffering": False,
}
HTTP = ("http",)
SERVER = (*HTTP, "server")
PRIMUS, SLASH = (*SERVER, "location /primus"), (*SERVER, "location /")
APP = (*SERVER, "location @app")
HERE = {PRIMUS: (*SERVER, "location ^~ /primus"), SLASH: APP}
"""Blocks that are called otherwise here."""


class Row(NamedTuple):
    """One directive there, and what became of it."""

    block: Block
    directive: str
    arguments: str
    row: str = ""
    """What stands in the first column of the page's table; empty: it is kept."""
    here: str | None = None
    """The arguments here; none: it is left out."""
    at: Block | None = None
    """The block here, where that is not the same one."""


NOTES = (
    Row((), "worker_processes", "4"),
    Row((), "error_log", "/var/log/nginx/error.log warn"),
    Row((), "pid", "/var/run/nginx.pid"),
    Row(("events",), "worker_connections", "1024"),
    Row(("events",), "accept_mutex", "on"),
    Row(HTTP, "include", "mime.types", "`include mime.types`"),
    Row(HTTP, "default_type", "application/octet-stream"),
    Row(HTTP, "server_tokens", "off"),
    Row(HTTP, "sendfile", "on"),
    Row(HTTP, "keepalive_timeout", "65"),
    Row(HTTP, "set_real_ip_from", "X.X.X.X/24", "`set_real_ip_from X.X.X.X/24`", "192.0.2.0/24"),
    Row(HTTP, "real_ip_header", "X-Forwarded-For"),
    Row(HTTP, "gzip", "on"),
    Row(HTTP, "gzip_http_version", "1.0"),
    Row(HTTP, "gzip_comp_level", "9"),
    Row(HTTP, "gzip_proxied", "any"),
    Row(HTTP, "gzip_types", TYPES),
    Row(HTTP, "log_format", f"main {FORMAT}", "`log_format main …`", f"chat {FORMAT}"),
    Row(SERVER, "proxy_set_header", "X-Forwarded-For $proxy_add_x_forwarded_for", at=APP),
    Row(
        SERVER,
        "proxy_set_header",
        "Host $http_host",
        "`proxy_set_header Host $http_host`",
        "Host $host",
        APP,
    ),
    Row(
        SERVER,
        "proxy_set_header",
        "X_FORWARDED_PROTO https",
        "`X_FORWARDED_PROTO https`",
        "X-Forwarded-Proto $scheme",
        APP,
    ),
    Row(SERVER, "proxy_redirect", "off", at=APP),
    Row(SERVER, "listen", "80", "`listen 80`, `server_name _`", "80 default_server"),
    Row(SERVER, "server_name", "_"),
    Row(
        SERVER,
        "access_log",
        "/var/log/nginx/access.log main",
        "`access_log`, `error_log` in `server`",
        "/var/log/nginx/access.log chat",
    ),
    Row(SERVER, "error_log", "/var/log/nginx/error.log", "`access_log`, `error_log` in `server`"),
    Row(
        SERVER,
        "root",
        "/home/XXUSERXX/XXAPPLICATIONXX/www/current/public/",
        "`root …/current/public/`",
        "/home/USER/www/APP/public",
    ),
    Row(
        SERVER,
        "try_files",
        f"{' '.join(FILES)} @app",
        "`try_files …` in `server`",
        f"{' '.join(FILES)} @app",
        SLASH,
    ),
    Row(SERVER, "client_max_body_size", "50M", at=HTTP),
    Row(PRIMUS, "proxy_http_version", "1.1"),
    Row(PRIMUS, "proxy_buffering", "off"),
    Row(PRIMUS, "proxy_set_header", "Upgrade $http_upgrade"),
    Row(
        PRIMUS,
        "proxy_set_header",
        "Connection Upgrade",
        '`Connection "Upgrade"`',
        "Connection $connection_upgrade",
    ),
    Row(PRIMUS, "proxy_set_header", "Host $host"),
    Row(
        PRIMUS,
        "proxy_pass",
        "http://unix:/home/XXUSERXX/www/XXAPPLICATIONXX/shared/tmp/sockets/actionhero.sock",
        "`proxy_pass http://unix:…`",
        "http://chat",
    ),
    Row(SLASH, "proxy_http_version", "1.1"),
    Row(SLASH, "proxy_buffering", "off"),
    Row(
        SLASH,
        "proxy_cache_bypass",
        "$http_pragma $http_authorization",
        "`proxy_cache_bypass`, `proxy_no_cache`",
    ),
    Row(
        SLASH,
        "proxy_no_cache",
        "$http_pragma $http_authorization",
        "`proxy_cache_bypass`, `proxy_no_cache`",
    ),
    Row(
        SLASH,
        "proxy_pass",
        "http://unix:/home/XXUSERXX/www/XXAPPLICATIONXX/shared/tmp/sockets/actionhero.sock",
        "`proxy_pass http://unix:…`",
        "http://chat",
    ),
)
"""All 40 of them, in their order."""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Read:
    from tests.unit.test_render.conftest import make_environment

    made = make_environment(app={"path": "/home/USER/www/APP"}, nginx=VALUES)
    return read(render_nginx(*made)["nginx.conf"], tmp_path_factory.mktemp("notes"))


def read(text: str, directory: Path) -> Read:
    """Block, name and arguments of each directive, as crossplane reads them."""
    [file] = write_files({"nginx.conf": text}, directory)
    payload = crossplane.parse(str(file), single=True)
    assert payload["errors"] == []
    return list(walk(payload["config"][0]["parsed"]))


def walk(parsed: list[dict[str, Any]], block: Block = ()) -> Iterator[tuple[Block, str, str]]:
    for one in parsed:
        yield block, one["directive"], " ".join(one["args"])
        if "block" in one:
            name = " ".join((one["directive"], *one["args"]))
            yield from walk(one["block"], (*block, name))


def reasons() -> dict[str, str]:
    """First column of the table to its third."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| ?(.*?) ?\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {first: third for first, _, third in rows}


@pytest.mark.parametrize("row", NOTES, ids=lambda row: f"{row.directive}-{row.arguments[:24]}")
def test_directive_is_kept_or_changed_for_a_reason(rendered: Read, row: Row) -> None:
    block = row.at or HERE.get(row.block, row.block)
    found = [arguments for at, name, arguments in rendered if (at, name) == (block, row.directive)]
    if not row.row:
        assert row.arguments in found
        return
    assert reasons().get(row.row), f"{PAGE.name} gives no reason for {row.row}"
    if row.here is None:
        assert row.arguments not in found
    else:
        assert row.here in found
        assert (row.here, block) != (row.arguments, row.block), "it is kept"


def test_the_row_of_the_cache_comes_back_with_a_cache(make: Make, tmp_path: Path) -> None:
    knobs = {**VALUES, "proxy_buffering": True, "cache": {}}
    found = read(render_nginx(*make(nginx=knobs))["nginx.conf"], tmp_path)
    for name in ("proxy_cache_bypass", "proxy_no_cache"):
        [arguments] = [words for at, one, words in found if (at, one) == (APP, name)]
        assert arguments.startswith("$http_pragma $http_authorization ")


def test_every_block_and_file_of_the_app_is_spelled_alike(rendered: Read) -> None:
    """One directory was spelled in three ways there."""
    paths = [word for _, _, words in rendered for word in re.findall(r"/home/\S+", words)]
    assert paths
    assert {path.removeprefix("/home/USER/www/APP/")[0] for path in paths} <= {"p", "."}
