"""The access log for programs: JSON whatever a client sends, and which release was live."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from deploy.render.logs import logrotate_values, rsyslog_values, syslog_ng_values

Serve = Callable[..., Any]
NASTY = 'a"b\\c $host \t\xe4'
URL = "https://logs.example.org"
RECEIVER: dict[str, Any] = {
    "syslog_ng": {"splunk": {"url": URL}},
    "rsyslog": {"elasticsearch": {"urls": [URL]}},
}


def lines(site: Any) -> list[dict[str, Any]]:
    """The JSON log, which is written with the other one."""
    site.log()
    text = (site.root / "temp/access.json").read_text("utf-8", "replace")  # nginx lets bytes pass
    return [line for line in map(json.loads, text.splitlines()) if line["uri"] != "/.mark"]


def test_a_line_is_json_whatever_a_client_sends(serve: Serve) -> None:
    site = serve(json_log=True, access_log_fields={"query": "$args", "status": "$server_port"})
    site.get("/api/status?a=%22b", headers={"User-Agent": NASTY, "Referer": '"}{'})
    (line,) = lines(site)
    assert line["user_agent"].startswith('a"b\\c $host')
    assert (line["referer"], line["uri"]) == ('"}{', "/api/status?a=%22b")
    assert (line["query"], line["status"]) == ("a=%22b", str(site.port))
    assert 0 <= line["request_time"] < 10
    assert line["bytes"] > 0
    assert line["upstream"].startswith("unix:")
    assert "release" not in line
    assert " 200 " in site.log()[0], "the gate reads this one"


def test_a_line_tells_the_release_that_was_live_when_the_request_came(serve: Serve) -> None:
    site = serve(json_log=True, strategy="releases")
    site.public("old.txt", "old", tree="app/releases/old")
    site.get("/api/status")
    site.get("/old.txt")  # a file of the release before, which the new one serves
    (site.root / "app/current").unlink()
    (site.root / "app/current").symlink_to("releases/old")
    site.get("/api/status")
    assert [(line["status"], line["release"]) for line in lines(site)] == [
        ("200", "new"),
        ("200", "new"),
        ("200", "old"),
    ]
    assert (site.root / "error.log").read_text("utf-8") == ""


def test_the_json_log_is_the_one_that_is_sent_and_all_are_rotated(
    make: Callable[..., Any],
) -> None:
    site = {"access_log": "/srv/log/access.log", "access_log_json": "/srv/log/access.json"}
    environment, host = make(nginx=site, user="deploy", **RECEIVER)
    assert syslog_ng_values(environment, host)["access_log"] == "/srv/log/access.json"
    assert "/srv/log/access.json" in rsyslog_values(environment, host)["files"]
    rotated = logrotate_values(environment, host)["nginx_logs"]
    assert {*site.values()} <= {*rotated}
    _, without = make(nginx={**site, "access_log_json": None}, user="deploy", **RECEIVER)
    assert syslog_ng_values(environment, without)["access_log"] == "/srv/log/access.log"
