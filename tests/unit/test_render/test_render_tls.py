"""TLS ended by the rendered nginx.conf, with a throwaway certificate.

Redirect, HSTS and the scheme that the app is told.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from deploy.render.sandbox import make_certificate
from tests.ports import free_port

Serve = Callable[..., Any]


@pytest.fixture
def tls() -> Iterator[dict[str, Any]]:
    """Knobs for TLS on a free port; nginx, another user, has to be able to read the key.

    Not below pytest's directory: another test run that begins closes that to others.
    """
    with TemporaryDirectory(prefix="tls-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        make_certificate(directory)
        (directory / "key.pem").chmod(0o644)
        yield {
            "certificate": str(directory / "certificate.pem"),
            "certificate_key": str(directory / "key.pem"),
            "listen": f"127.0.0.1:{free_port()}",
        }


def get_secure(tls: dict[str, Any], path: str) -> tuple[HTTPResponse, bytes]:
    context = ssl.create_default_context(cafile=tls["certificate"])
    context.check_hostname = False  # the throwaway certificate names nobody
    port = int(tls["listen"].rpartition(":")[2])
    connection = HTTPSConnection("127.0.0.1", port, timeout=15, context=context)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_plain_http_is_redirected(serve: Serve, tls: dict[str, Any]) -> None:
    response, _ = serve(tls=tls).get("/a?b=c")
    assert response.status == 301
    port = tls["listen"].rpartition(":")[2]
    assert response.getheader("Location") == f"https://127.0.0.1:{port}/a?b=c"


def test_app_is_told_https_and_no_hsts_unasked(serve: Serve, tls: dict[str, Any]) -> None:
    serve(tls=tls)
    response, body = get_secure(tls, "/api/status")
    assert json.loads(body)["headers"]["x-forwarded-proto"] == "https"
    assert response.getheader("Strict-Transport-Security") is None


def test_both_schemes_without_redirect(serve: Serve, tls: dict[str, Any]) -> None:
    site = serve(tls={**tls, "redirect": False, "hsts_seconds": 300})
    assert json.loads(site.get("/a")[1])["headers"]["x-forwarded-proto"] == "http"
    response, body = get_secure(tls, "/a")
    assert json.loads(body)["headers"]["x-forwarded-proto"] == "https"
    assert response.getheader("Strict-Transport-Security") == "max-age=300"
