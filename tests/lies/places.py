"""What the lies are set up with: nginx in front of sockets, an app that is deployed in place.

The server is that of tests/remote/fleet.py; verbs and facts are the deploy's own.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.facts import Answer
from deploy.facts.host import HostFacts, fact_lines, read_facts
from deploy.inventory.layout import Layout, ReleasesLayout
from deploy.shell import Call, Line, call
from tests.lab.processes import everything, wait_until
from tests.ports import free_port
from tests.remote.fleet import Host
from tests.remote.harness import Ran, step
from tests.remote.repositories import App

_NGINX = """
{user}daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;
  fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
  proxy_cache_path {at}/cache keys_zone=kept:1m;
  upstream app {{ {servers} }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app; {extra} }} }}
}}
"""


@dataclass(slots=True)
class Front:
    """nginx before sockets of the test's choice."""

    directory: Path
    url: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def start(self, *sockets: Path, extra: str = "") -> Front:
        """Start it, and return once it listens."""
        self.directory.mkdir()
        port = free_port()
        config = self.directory / "nginx.conf"
        text = _NGINX.format(
            user="user root; " if os.geteuid() == 0 else "",
            at=self.directory,
            servers=" ".join(f"server unix:{path};" for path in sockets),
            port=port,
            extra=extra,
        )
        config.write_text(text)
        self._process = subprocess.Popen(["nginx", "-e", "stderr", "-c", str(config)])
        wait_until(lambda: _listens(port), "nginx")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def get(self) -> str:
        """What it answers on the health path."""
        command = ["curl", "-sS", f"{self.url}/api/status"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def prove(self, host: Host, name: str) -> Ran:
        """The deploy's own proof of that release through nginx."""
        return host.run(name, step("prove_front", self.url, "localhost", 2))

    def end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class InPlace:
    """An app that is deployed in place, and how its verbs are told of it."""

    app: App
    sockets: Path

    @property
    def context(self) -> list[Call]:
        described = ("processes", "2", str(self.sockets), "/api/status", "h", "detached", 5)
        return [call("describe_cluster", str(self.app.path), *described)]

    def run(self, *lines: Line) -> Ran:
        """Run a stage on the host."""
        return self.app.shell.run(*lines, before=self.context)

    def proof(self, revision: str, seconds: int = 20) -> list[Line]:
        """The end of an activation."""
        return [step("prove_cluster", seconds), step("record_proof", revision, "run", "29.3.5")]

    def look(self) -> HostFacts:
        """What `invoke status` asks the host."""
        layout = Layout(str(self.app.path), str(self.sockets))
        return _look(self.run(*fact_lines(layout)))

    def pids(self) -> list[int]:
        """Its processes."""
        path = str(self.app.path)
        return [p.pid for p in everything().values() if p.cwd == path]

    def end(self) -> None:
        for process in everything().values():
            if process.cwd.startswith(str(self.app.path.parent)) and process.pid != os.getpid():
                process.signal(signal.SIGKILL)


def look(host: Host) -> HostFacts:
    """What `invoke status` asks a host with releases."""
    layout = ReleasesLayout(str(host.root), str(host.root / "sockets"))
    return _look(host.run("", *fact_lines(layout)))


@contextmanager
def started(directory: Path, program: str, title: str, endpoint: Path) -> Iterator[int]:
    """A server that somebody started by hand in a directory, once it listens."""
    endpoint.parent.mkdir(parents=True, exist_ok=True)
    endpoint.unlink(missing_ok=True)
    environment = {**os.environ, "ACTIONHERO_TITLE": title, "PORT": str(endpoint)}
    (directory / "pids").mkdir(exist_ok=True)
    with subprocess.Popen(["node", program], cwd=directory, env=environment) as process:
        try:
            wait_until(lambda: _answers(endpoint), str(endpoint))
            yield process.pid
        finally:
            process.kill()


def _look(ran: Ran) -> HostFacts:
    answers = {one["step"]: Answer(one["text"], int(one["code"])) for one in ran.of("fact")}
    return read_facts("h", answers)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
