"""rsyslog accepts what is rendered, and sends each line of app and nginx to Elasticsearch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.render_targets.conftest import UNPACKED, Start, make_environment, run
from tests.render_targets.receivers import Receiver
from tests.render_targets.rendering import put, rendered

LIBRARY = UNPACKED / "usr/lib/x86_64-linux-gnu"
LIBRARIES = {"LD_LIBRARY_PATH": str(LIBRARY)}
APP_LINE = '2026-11-25 - info: it\'s "wörk" $x \\n {"a":1}'
NGINX_LINE = '10.0.0.1 - - [25/Nov/2026] "GET /api/status HTTP/1.1" 200 12 time=0.003'


def rsyslogd(*words: str | Path) -> list[str | Path]:
    program = UNPACKED / "usr/sbin/rsyslogd"
    assert program.exists(), "rsyslog is not unpacked: run script/setup"
    return [program, "-M", f"{LIBRARY}/rsyslog", *words]


def made(box: Path, knobs: dict[str, Any]) -> Environment:
    log = box / "app/shared/log"
    log.mkdir(parents=True, exist_ok=True)
    (box / "buffer").mkdir(exist_ok=True)
    web1 = {
        "roles": ["server"],
        "path": str(box / "app"),
        "nginx": {"access_log": str(box / "access.log")},
        "programs": {"rsyslog": {}},
        "rsyslog": {"buffer_directory": str(box / "buffer"), "retry": 1, **knobs},
    }
    return make_environment(box, {"web1": web1})


def check(files: dict[str, Path]) -> str:
    """What `rsyslogd -N1` has against them."""
    done = run(*rsyslogd("-N1", "-f", files["actionhero.conf"]), env=LIBRARIES)
    said = done.stdout.splitlines()
    version = "rsyslogd: version 8.2302.0, config validation run (level 1), master config"
    rest = [line for line in said if not line.startswith((version, "rsyslogd: End of config"))]
    return "\n".join([*rest, *([] if done.returncode == 0 else [f"code {done.returncode}"])])


def test_rsyslog_accepts_every_knob(box: Path) -> None:
    login = {"user": "chat", "password_env": "LOG_TOKEN"}
    urls = ["https://es1.example.org:9200", "https://es2.example.org:9200"]
    knobs = {
        "syslog": {"host": "logs.example.org"},
        "elasticsearch": {"urls": urls, **login},
        "files": ["/var/log/redis/redis-server.log"],
    }
    files = put(rendered(made(box, knobs), "web1", "rsyslog"), box)
    assert check(files) == ""


def test_lines_reach_elasticsearch_also_those_from_when_it_was_away(
    box: Path, start: Start
) -> None:
    receiver = Receiver()
    knobs = {"elasticsearch": {"urls": [f"http://127.0.0.1:{receiver.port}"]}}
    files = put(rendered(made(box, knobs), "web1", "rsyslog"), box)
    config = files["actionhero.conf"]
    (box / "access.log").write_text(f"{NGINX_LINE}\n")
    log = box / "app/shared/log/actionhero-worker-1.log"
    log.write_text(f"{APP_LINE}\n" + "".join(f"away {number}\n" for number in range(100)))
    start(*rsyslogd("-n", "-f", config, "-i", box / "pid"), name="rsyslog", env=LIBRARIES)
    wait_until(lambda: "suspending" in (box / "rsyslog.out").read_text(), "its complaint")
    receiver.start()
    try:
        wait_until(lambda: len(messages(receiver)) == 102, "all lines", 30)
    finally:
        receiver.stop()
    assert {APP_LINE, NGINX_LINE} <= messages(receiver)
    [document] = [one for one in receiver.objects if one.get("message") == APP_LINE]
    assert (document["host"], document["app"], document["file"]) == ("web1", "chat", str(log))


def messages(receiver: Receiver) -> set[str]:
    return {one["message"] for one in receiver.objects if "message" in one}


def test_somebody_has_to_receive(box: Path) -> None:
    with pytest.raises(DeployError, match="rsyslog has no receiver"):
        rendered(made(box, {}), "web1", "rsyslog")
