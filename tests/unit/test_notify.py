"""Notifications, sent to a real receiver over HTTP by apprise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from deploy import events
from deploy.reports.notify import Notifications, Receiver

EVERY = ("started", "done", "failed", "unknown")
BEGUN = events.RunStarted("run1", "deploy", "production", ("web1", "web2"), "3f2a9c1" * 5 + "00000")


class Service(HTTPServer):
    """Keeps what it is sent; answers with `status`."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"json://token-1234@127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def tell(*receivers: Receiver, code: int = 0, failures: tuple[events.HostFailed, ...] = ()) -> str:
    """A run from its start to its end; the warnings."""
    warnings: list[str] = []
    report = Notifications(receivers, warnings.append)
    for event in (BEGUN, *failures):
        report.take(event)
    report.take(events.RunFinished("run1", code, "the last words", 1.0, {"web1": "done"}))
    report.close()
    return "\n".join(warnings)


def test_the_start_and_the_end_are_told(service: Service) -> None:
    assert tell(Receiver("notify[0]", service.url, EVERY)) == ""
    titles = [one["title"] for one in service.got]
    assert titles == [
        "deploy 3f2a9c13f2 to production: started",
        "deploy 3f2a9c13f2 to production: done",
    ]
    assert service.got[1]["message"] == "the last words\nweb1: done"


@pytest.mark.parametrize(
    ("code", "kind"), [(0, "done"), (1, "failed"), (3, "unknown"), (130, "failed")]
)
def test_each_is_told_what_was_asked_for(service: Service, code: int, kind: str) -> None:
    others = tuple(one for one in EVERY if one != kind)
    tell(Receiver("a", service.url, (kind,)), Receiver("b", service.url, others[1:]), code=code)
    assert [one["title"].rpartition(": ")[2] for one in service.got] == [kind]


def test_a_failure_says_where_and_why(service: Service) -> None:
    failure = events.HostFailed("web1", "run_build_1", "ended with code 2")
    tell(Receiver("a", service.url, ("failed",)), code=1, failures=(failure,))
    assert "web1 run_build_1: ended with code 2" in service.got[0]["message"]


def test_what_cannot_be_sent_is_a_warning_without_the_url(
    service: Service, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    service.status = 500
    down = "json://token-1234@127.0.0.1:1/hook"
    said = tell(
        Receiver("notify[0]", service.url, ("done",)),
        Receiver("notify[1]", down, ("done",)),
        Receiver("notify[2]", "token-1234", ("done",)),
    )
    assert [line[:9] for line in said.splitlines()] == ["notify[0]", "notify[1]", "notify[2]"]
    assert "none that apprise knows" in said
    assert "token-1234" not in said + "".join(capfd.readouterr())
    assert [one for one in caplog.records if one.name == "apprise"] == []
    assert "token-1234" not in repr(Receiver("a", down))
