"""Sites of several apps in one real nginx, and what the check says of a new one beside them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.inventory.models import Program
from deploy.render.local import check_locally
from deploy.render.programs import RenderedProgram, Secrets, render_programs
from tests.ports import free_port
from tests.unit.test_render import conftest as stand
from tests.unit.test_render.test_render_golden import target
from tests.unit.test_render.test_render_nginx_serves import app_saw

Make = Callable[..., Any]

MAIN = """\
worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {root}/temp/b; proxy_temp_path {root}/temp/p;
    fastcgi_temp_path {root}/temp/f; uwsgi_temp_path {root}/temp/u; scgi_temp_path {root}/temp/s;
    include {include}/*.conf;
}}
"""
EVERYTHING = {
    "cache": {"path": "{root}/cache-{name}"},
    "limits": {"connections": 9},
    "maintenance": {"allow": ["192.0.2.0/24"]},
    "real_ip_from": ["192.0.2.0/24"],
    "trust_forwarded_proto": True,
}


class Place:
    """An nginx whose nginx.conf includes conf.d/, and apps beside each other."""

    def __init__(self, root: Path, include: str = "conf.d") -> None:
        self.root, self.port = root, free_port()
        self.started: list[subprocess.Popen[bytes]] = []
        for name in ("conf.d", "temp", "bin"):
            (root / name).mkdir()
        (root / "access.log").touch()
        (root / "nginx.conf").write_text(MAIN.format(root=root, include=include), "utf-8")

    def site(self, name: str, **knobs: Any) -> RenderedProgram:
        """The program of that app, rendered."""
        program = target("nginx_site").model_dump()
        for file, place in {"site.conf": "conf.d/{app}.conf", "check": "bin/{app}"}.items():
            program["files"][file]["destination"] = f"{self.root}/{place}"
        extras = {
            key: {k: self._place(name, v) for k, v in value.items()}
            if isinstance(value, dict)
            else value
            for key, value in EVERYTHING.items()
        }
        environment, host = stand.make_environment(
            app={"name": name, "path": str(self.root / name)},
            workers=1,
            programs={"nginx_site": Program(**program)},
            nginx={
                "listen": f"127.0.0.1:{self.port}",
                "server_name": f"{name}.example.org",
                "main": str(self.root / "nginx.conf"),
                "error_log": str(self.root / "error.log"),
                "access_log": str(self.root / "access.log"),
                "temp_path": str(self.root / "temp"),
                **extras,
                **knobs,
            },
        )
        [one] = render_programs(environment, host, Secrets({}, str))
        return one

    def _place(self, name: str, value: Any) -> Any:
        text = value.replace("{root}", str(self.root)) if isinstance(value, str) else value
        return text.replace("{name}", name) if isinstance(text, str) else text

    def install(self, one: RenderedProgram) -> None:
        for file in one.files:
            Path(file.destination).write_text(file.text, "utf-8")

    def give(self) -> None:
        """To nobody, as whom nginx runs where the tests are root's."""
        if os.getuid() == 0:
            for path in (self.root, *self.root.rglob("*")):
                os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)

    def check(
        self, one: RenderedProgram, name: str, *limit: str, path: str = os.environ["PATH"]
    ) -> subprocess.CompletedProcess[str]:
        """What the check says of it, as `configure` asks it before anything is installed."""
        trial = self.root / "trial"
        texts = {file.name: file.text for file in one.files}
        shutil.rmtree(trial, ignore_errors=True)
        trial.mkdir()
        for file, text in texts.items():
            (trial / file).write_text(text, "utf-8")
        environment = {**os.environ, "PATH": f"{path}:/usr/sbin"}
        command = [*limit, "sh", str(trial / "check"), str(trial / "site.conf")]
        before = list(self.root.glob("nginx.conf*"))
        said = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert list(self.root.glob("nginx.conf*")) == before, f"the check of {name} leaves nothing"
        return said


@pytest.fixture
def place() -> Iterator[Place]:
    root = Path(tempfile.mkdtemp(prefix="sites-"))
    root.chmod(0o755)
    one = Place(root)
    yield one
    for process in reversed(one.started):
        process.terminate()
        process.wait(stand.DEADLINE)
    shutil.rmtree(root)


def test_two_apps_share_one_nginx(place: Place) -> None:
    """Each has all extras at once: no name of the one is that of the other."""
    for name in ("chat", "shop"):
        one = place.site(name)
        assert place.check(one, name).stderr == ""
        place.install(one)
        (place.root / name / ".deploy/sockets").mkdir(parents=True)
    site = stand.Site(place.root, place.port, place.started)
    for name in ("chat", "shop"):
        site.start_app(place.root / name / ".deploy/sockets/0.sock")
    place.give()
    place.started.append(stand._start_nginx(place.root))
    stand._wait(place.started[-1], lambda: _listens(place.port))
    for name in ("chat", "shop", "chat"):
        saw = app_saw(site, f"/{name}", headers={"Host": f"{name}.example.org", "Cookie": "a=b"})
        assert saw["headers"]["host"] == f"{name}.example.org"
    (place.root / "chat/.deploy/maintenance").mkdir()
    (place.root / "chat/.deploy/maintenance/on").touch()
    statuses = [
        site.get("/x", headers={"Host": f"{name}.example.org"})[0].status
        for name in ("chat", "shop")
    ]
    assert statuses == [503, 200]


def _listens(port: int) -> bool:
    return stand._connects(socket.AF_INET, ("127.0.0.1", port))


def test_the_check_names_the_line_of_the_new_file(place: Place) -> None:
    one = place.site("chat", cache={"path": "/no/such/place", "seconds": 1})
    said = place.check(one, "chat")
    assert said.returncode == 1
    assert "/no/such/place" in said.stderr
    (place.root / "conf.d/other.conf").write_text("upstream chat { server 127.0.0.1:9; }\n")
    said = place.check(place.site("chat"), "chat")
    assert said.returncode == 1
    assert 'duplicate upstream "chat"' in said.stderr
    assert f"{place.root}/conf.d/other.conf:1" in said.stderr


def test_the_check_reads_the_new_file_in_place_of_the_live_one(place: Place) -> None:
    one = place.site("chat")
    place.install(one)
    assert place.check(one, "chat").stderr == ""
    (place.root / "conf.d/chat.conf").write_text("no directive;\n")
    assert place.check(one, "chat").stderr == ""


def test_a_check_that_is_ended_leaves_no_copy_beside_nginx_conf(
    place: Place, tmp_path: Path
) -> None:
    slow = tmp_path / "nginx"
    slow.write_text("#!/bin/sh\nsleep 1\n")
    slow.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert place.check(place.site("chat"), "chat", "timeout", "0.5", path=path).returncode == 124


def test_a_site_that_nobody_includes_is_told(tmp_path: Path) -> None:
    place = Place(tmp_path, include="sites")
    said = place.check(place.site("chat"), "chat")
    assert said.returncode == 1
    assert f"does not include {tmp_path}/conf.d" in said.stderr


def test_render_checks_a_site_by_itself(place: Place) -> None:
    reports = list(check_locally([place.site("chat")], place.root / "out"))
    assert [(one.tool, one.findings) for one in reports] == [("nginx -t", ()), ("gixy", ())]
