"""`nginx -t` and gixy on rendered files: what they find, what they leave alone.

Also writing the files, whole and inside their directory.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.render import check_gixy, check_nginx, render_nginx, write_files
from deploy.render.checks import read_allow_file
from deploy.render.sandbox import directives, make_certificate, sandboxed
from tests.unit.test_render.test_render_nginx_extras import BROTLI

Make = Callable[..., Any]

TLS = {
    "certificate": "/nowhere/chat.pem",
    "certificate_key": "/nowhere/chat.key",
    "listen": "[2001:db8::1]:443",
    "hsts_seconds": 300,
}
FOREIGN = {
    "user": "no-such-user",
    "listen": "192.0.2.1:80",
    "pid": "/nowhere/nginx.pid",
    "error_log": "/nowhere/error.log",
    "access_log": "/nowhere/access.log",
    "temp_path": "/nowhere/temp",
    "tls": TLS,
    "real_ip_from": ["192.0.2.0/24"],
    "trust_forwarded_proto": True,
}


EXTRAS = {
    "maintenance": {"page": "/nowhere/closed.html", "allow": ["192.0.2.0/24"]},
    "cache": {"path": "/nowhere/cache"},
    "limits": {"connections": 9, "exempt": ["192.0.2.0/24"]},
    "static": {"immutable": r"^/assets/[^/]+-[A-Za-z0-9_-]{8}\.js$", "max_age": 0},
    "brotli": {"module": str(BROTLI)},
}


@pytest.mark.parametrize(
    "knobs", [{}, EXTRAS, FOREIGN, {**FOREIGN, "tls": {**TLS, "redirect": False}}]
)
def test_nginx_and_gixy_accept_what_is_rendered(make: Make, tmp_path: Path, knobs: Any) -> None:
    files = render_nginx(*make(nginx=knobs))
    syntax, analysis = check_nginx(files, tmp_path), check_gixy(files, tmp_path)
    assert syntax.findings == ()
    assert "syntax only" in syntax.note
    assert analysis.findings == ()
    assert any(line.startswith("try_files_is_evil_too") for line in analysis.allowed)


def test_nginx_and_gixy_accept_what_is_rendered_for_releases(make: Make, tmp_path: Path) -> None:
    files = render_nginx(*make(strategy="releases"))
    assert check_nginx(files, tmp_path).findings == ()
    assert check_gixy(files, tmp_path).findings == ()


def test_every_path_that_nginx_opens_lies_in_the_sandbox(make: Make, tmp_path: Path) -> None:
    text = render_nginx(*make(nginx=FOREIGN))["nginx.conf"]
    copy = sandboxed(text, tmp_path)
    opened = "pid|error_log|access_log|ssl_certificate|ssl_certificate_key|\\w+_temp_path"
    words = [d for d in directives(copy) if re.fullmatch(opened, d[0].text)]
    assert len(words) == 11
    assert all(d[1].text.startswith(f'"{tmp_path}/') for d in words)
    assert "no-such-user" not in copy
    assert len(copy.splitlines()) == len(text.splitlines())


def test_same_address_gets_the_same_stand_in(tmp_path: Path) -> None:
    text = "server { listen 80; } server { listen 80 ipv6only=on; } server { listen 81; }"
    copy = sandboxed(text, tmp_path)
    assert copy.count("127.0.0.1:20080") == 2
    assert copy.count("127.0.0.1:20081") == 1
    assert "ipv6only" not in copy


def test_comments_and_quotes_are_no_directives(tmp_path: Path) -> None:
    text = "# listen 80;\nlog_format x 'a; listen 80; {';\nmap $a $b { \"~^{2};\" 1; }\n"
    assert sandboxed(text, tmp_path) == text


def test_fault_is_named_with_the_line_of_the_rendered_file(make: Make, tmp_path: Path) -> None:
    text = render_nginx(*make(nginx=FOREIGN))["nginx.conf"].replace("sendfile on", "sendfil on")
    line = text[: text.index("sendfil on")].count("\n") + 1
    report = check_nginx({"nginx.conf": text}, tmp_path)
    assert not report.passed
    assert report.findings == (f'emerg: unknown directive "sendfil" in nginx.conf:{line}',)


def test_two_servers_on_one_address_are_a_finding(make: Make, tmp_path: Path) -> None:
    """A warning of nginx is a finding: the second server would never be asked."""
    text = render_nginx(*make())["nginx.conf"]
    server = "server { listen 80; server_name _; }\n}\n"
    report = check_nginx({"nginx.conf": text.rstrip().rstrip("}") + server}, tmp_path)
    assert [f for f in report.findings if f.startswith("warn: conflicting server name")]


def test_gixy_finds_a_forged_host(make: Make, tmp_path: Path) -> None:
    text = render_nginx(*make())["nginx.conf"].replace("Host $host", "Host $http_host")
    report = check_gixy({"nginx.conf": text}, tmp_path)
    assert not report.passed
    assert report.findings[0].startswith("host_spoofing (")


def test_project_has_its_own_allow_file(make: Make, tmp_path: Path) -> None:
    write_files({"templates/nginx/gixy-allow.txt": "# none\n"}, tmp_path)
    report = check_gixy(render_nginx(*make()), tmp_path / "out", tmp_path)
    assert [f.split()[0] for f in report.findings] == ["try_files_is_evil_too"]


def test_nothing_is_allowed_without_a_reason(tmp_path: Path) -> None:
    write_files({"templates/nginx/gixy-allow.txt": "hsts_header:\n"}, tmp_path)
    with pytest.raises(DeployError, match=r"gixy-allow.txt:1: hsts_header is allowed without"):
        read_allow_file(tmp_path)


def test_missing_program_is_named(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("deploy.render.checks._SBIN", ())
    with pytest.raises(DeployError, match="there is no nginx on this machine"):
        check_nginx(render_nginx(*make()), tmp_path)


def test_throwaway_key_is_private(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_checks_leave_what_was_rendered_as_it_is(make: Make, tmp_path: Path) -> None:
    files = render_nginx(*make(nginx=FOREIGN))
    [written] = write_files(files, tmp_path)
    assert check_nginx(files, tmp_path).passed
    assert check_gixy(files, tmp_path).passed
    assert list(tmp_path.iterdir()) == [written]
    assert written.read_text("utf-8") == files["nginx.conf"]


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x"])
def test_files_stay_in_their_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeployError, match="leads out of"):
        write_files({name: "x"}, tmp_path / "out")
    assert not (tmp_path / "x").exists()


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    [written] = write_files({"config/servers/web.js": "old"}, tmp_path)
    with written.open(encoding="utf-8") as reader:
        write_files({"config/servers/web.js": "new"}, tmp_path)
        assert reader.read() == "old"
    assert written.read_text("utf-8") == "new"
    assert list(written.parent.iterdir()) == [written]
