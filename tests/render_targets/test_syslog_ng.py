"""syslog-ng sends each line of app and nginx, also those of the time when the receiver was away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.render_targets.conftest import SECRETS, UNPACKED, Start, make_environment, run
from tests.render_targets.receivers import Receiver
from tests.render_targets.rendering import put, rendered

TOKEN = SECRETS["LOG_TOKEN"]
PASSWORD = SECRETS["REDIS_PASSWORD"]
APP_LINE = '2026-11-25 - info: it\'s "wörk" $x \\n {"a":1}'
NGINX_LINE = '10.0.0.1 - - [25/Nov/2026] "GET /api/status HTTP/1.1" 200 12 time=0.003'


@dataclass
class Logger:
    """syslog-ng with its files in a directory."""

    box: Path
    start: Start
    environment: Environment
    process: Any = None

    @property
    def app_log(self) -> Path:
        return self.box / "app/shared/log/actionhero-worker-1.log"

    @property
    def nginx_log(self) -> Path:
        return self.box / "access.log"

    def run(self) -> None:
        """Start it, with what it remembers; returns once it reads."""
        put(rendered(self.environment, "web1", "syslog_ng"), self.box)
        self.process = self.start(
            *syslog_ng("-F", "-f", self.box / "check.conf"),
            *("-R", self.box / "persist", "-p", self.box / "pid", "-c", self.box / "ctl"),
            name="syslog-ng",
            env=LIBRARIES,
        )
        wait_until((self.box / "ctl").exists, "syslog-ng")

    def kill(self) -> None:
        """As a power cut does, but for what the kernel still writes."""
        self.process.kill()
        self.process.wait(10)
        (self.box / "ctl").unlink(missing_ok=True)

    def write(self, *lines: str) -> None:
        """Lines of the app."""
        with self.app_log.open("a") as log:
            log.writelines(f"{line}\n" for line in lines)


_LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/syslog-ng")
LIBRARIES = {"LD_LIBRARY_PATH": ":".join(str(UNPACKED / one) for one in _LIBRARIES)}


def syslog_ng(*words: str | Path) -> list[str | Path]:
    program = UNPACKED / "usr/sbin/syslog-ng"
    assert program.exists(), "syslog-ng is not unpacked: run script/setup"
    return [program, f"--module-path={UNPACKED}/usr/lib/syslog-ng/3.38", *words]


def made(box: Path, knobs: dict[str, Any], **more: Any) -> Environment:
    """web1 with these knobs; its app and its nginx log below `box`."""
    log = box / "app/shared/log"
    log.mkdir(parents=True, exist_ok=True)
    (box / "buffer").mkdir(exist_ok=True)
    (box / "access.log").touch()
    files = {key: {"destination": str(box / key)} for key in ("actionhero.conf", "check.conf")}
    web1 = {
        "roles": ["server"],
        "path": str(box / "app"),
        "nginx": {"access_log": str(box / "access.log")},
        "programs": {"syslog_ng": {"files": files}},
        "syslog_ng": {
            "buffer_directory": str(box / "buffer"),
            "buffer_size": "2m",
            "batch_timeout": 100,
            "retry": 1,
            **knobs,
        },
    }
    return make_environment(box, {"web1": {**web1, **more}})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver().start()
    yield one
    one.stop()


@pytest.fixture
def splunk(box: Path, start: Start, receiver: Receiver) -> Logger:
    url = f"http://127.0.0.1:{receiver.port}"
    hec = {"url": url, "token_env": "LOG_TOKEN", "index": "main"}
    return Logger(box, start, made(box, {"splunk": hec}))


@pytest.fixture
def elastic(box: Path, start: Start, receiver: Receiver) -> Logger:
    login = {"user": "chat", "password_env": "REDIS_PASSWORD"}
    knobs = {"urls": [f"http://127.0.0.1:{receiver.port}"], **login}
    return Logger(box, start, made(box, {"elasticsearch": knobs}))


def test_a_line_of_the_app_and_one_of_nginx_reach_splunk(
    splunk: Logger, receiver: Receiver
) -> None:
    splunk.run()
    splunk.write(APP_LINE)
    splunk.nginx_log.write_text(f"{NGINX_LINE}\n")
    wait_until(lambda: len(receiver.objects) == 2, "both lines")
    events = {one["event"]: one for one in receiver.objects}
    assert set(events) == {APP_LINE, NGINX_LINE}
    event = events[APP_LINE]
    assert event["source"] == str(splunk.app_log)
    assert event["fields"] == {"app": "chat", "environment": "made"}
    assert (event["host"], event["sourcetype"], event["index"]) == ("web1", "actionhero", "main")
    assert isinstance(event["time"], int | float)
    path, headers, _ = receiver.posts[0]
    assert path == "/services/collector/event"
    assert headers["authorization"] == f"Splunk {TOKEN}"


def test_a_line_of_the_app_and_one_of_nginx_reach_elasticsearch(
    elastic: Logger, receiver: Receiver
) -> None:
    elastic.run()
    elastic.write(APP_LINE)
    elastic.nginx_log.write_text(f"{NGINX_LINE}\n")
    wait_until(lambda: len(receiver.objects) == 4, "both lines")
    orders, documents = receiver.objects[::2], receiver.objects[1::2]
    assert {one["message"] for one in documents} == {APP_LINE, NGINX_LINE}
    assert len({one["create"]["_id"] for one in orders}) == 2
    assert all(one["create"]["_index"].startswith("chat-20") for one in orders)
    assert {one["host"] for one in documents} == {"web1"}
    path, headers, body = receiver.posts[0]
    assert (path, headers["content-type"]) == ("/_bulk", "application/x-ndjson")
    assert headers["authorization"].startswith("Basic ")
    assert body.endswith("\n")


def test_no_line_is_lost_when_the_receiver_is_away_or_ill_or_syslog_ng_is_killed(
    splunk: Logger, receiver: Receiver
) -> None:
    splunk.run()
    splunk.write("before")
    wait_until(lambda: len(receiver.objects) == 1, "the first line")
    receiver.stop()
    splunk.write(*(f"away {number}" for number in range(300)))
    wait_until(lambda: splunk.box.joinpath("syslog-ng.out").stat().st_size > 0, "its complaint")
    splunk.kill()
    splunk.run()
    receiver.is_well = False
    receiver.start()
    wait_until(lambda: receiver.refused > 5, "some tries", 30)
    splunk.write(*(f"ill {number}" for number in range(300)))
    receiver.is_well = True
    wait_until(lambda: len({one["event"] for one in receiver.objects}) == 601, "all lines", 30)


def test_lines_behind_a_rotation_are_read(splunk: Logger, receiver: Receiver) -> None:
    splunk.run()
    splunk.write(*("before" for _ in range(20)))
    wait_until(lambda: len(receiver.objects) == 20, "the first lines")
    shutil.copy(splunk.app_log, f"{splunk.app_log}.1")
    splunk.app_log.write_text("")  # as copytruncate does
    splunk.write("after")
    wait_until(lambda: [one["event"] for one in receiver.objects[20:]] == ["after"], "the next")


def test_syslog_ng_accepts_every_knob(box: Path) -> None:
    ca = "/etc/ssl/certs/ca-certificates.crt"
    hec = {"url": "https://splunk.example.org:8088", "token_env": "LOG_TOKEN", "ca": ca}
    search = {"urls": ["https://es1.example.org:9200", "https://es2.example.org:9200"]}
    sumo = {"url_env": "LOG_TOKEN"}
    further = {"files": ["/var/log/redis/redis-server.log"], "buffer_size": "1g"}
    knobs = {"splunk": hec, "elasticsearch": search, "sumo_logic": sumo, **further}
    files = put(rendered(made(box, knobs), "web1", "syslog_ng"), box)
    done = run(*syslog_ng("--syntax-only", "-f", files["check.conf"]), env=LIBRARIES)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"buffer_size": "500k"}, "smallest buffer_size is 1m"),
        ({"elasticsearch": {"urls": ["https://es:9200"], "user": "chat"}}, "go together"),
        ({"splunk": {"url": "splunk:8088"}}, "splunk.url"),
        ({"splunk": {"url": "https://splunk:8088", "tokn": "x"}}, "splunk.tokn"),
    ],
)
def test_what_nobody_could_send_is_refused(box: Path, knobs: dict[str, Any], what: str) -> None:
    with pytest.raises(DeployError) as raised:
        made(box, knobs)
    assert what in "\n".join(raised.value.details)


def test_somebody_has_to_receive(box: Path) -> None:
    with pytest.raises(DeployError, match="syslog_ng has no receiver"):
        rendered(made(box, {}), "web1", "syslog_ng")
