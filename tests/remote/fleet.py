"""A host with releases of a small server: real processes on real sockets, for the switch's verbs.

The server is node's own, started as `node dist/server.js` is from ActionHero 22 on; it writes the
pidfile and answers the health path as that does.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.shell import Argument, Call, Line, call, compile_script
from tests.remote.harness import Ran, Shell, step

SERVER = """\
const fs = require("fs"), http = require("http"), title = process.env.ACTIONHERO_TITLE;
BOOT
fs.writeFileSync("pids/actionhero-" + title, String(process.pid));
http.createServer((request, response) => {
  const wait = { "/slow": 4000, "/endless": 60000 }[request.url] || 0;
  setTimeout(() => {
    response.statusCode = STATUS;
    response.end(JSON.stringify({ id: title, release: process.cwd().split("/").pop() }));
  }, wait);
}).on("upgrade", (request, socket) => {
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write(head.join("\\r\\n") + "\\r\\n\\r\\n");
  socket.on("data", (data) => socket.write(data)).on("end", () => socket.end());
}).listen(process.env.PORT, () => fs.chmodSync(process.env.PORT, 0o777));
process.on("SIGTERM", () => process.exit(0));
"""
DRAIN = 5


@dataclass(slots=True)
class Host:
    """One host's directory of releases, and a shell that runs verbs on it."""

    shell: Shell
    root: Path
    register: str = ""
    workers: int = 2
    warm: int = 0
    linger: int = 0
    supervisor: str = "detached"
    _started: list[int] = field(default_factory=list)

    def make(self, name: str, *, boot: str = "", status: str = "200") -> Path:
        """A complete release, described."""
        release = self.root / "releases" / name
        (release / "dist").mkdir(parents=True)
        text = SERVER.replace("BOOT", boot).replace("STATUS", status)
        (release / "dist" / "server.js").write_text(text)
        (self.root / ".deploy").mkdir(exist_ok=True)
        done = self.run(name, step("equip_release", name, f"RELEASE='{name}'\n"))
        assert done.code == 0, done.log
        return release

    def context(self, name: str) -> list[Call]:
        """What a script begins with that speaks of that release."""
        arguments: list[Argument | int] = [str(self.root), "processes", str(self.workers)]
        arguments += [str(self.root / "sockets"), "/api/status", "h", self.supervisor, 5]
        places = (str(self.root), str(self.root / "sockets"))
        return [
            call("describe_cluster", *arguments),
            call("describe_releases", *places, self.warm, self.linger),
            call("describe_register", self.register),
            call("use_release", name) if name else call("use_confirmed"),
        ]

    def run(self, name: str, *lines: Line) -> Ran:
        """Run a stage that speaks of that release."""
        return self.shell.run(*lines, before=self.context(name))

    def start(self, name: str, *lines: Line) -> subprocess.Popen[bytes]:
        return self.shell.start(*lines, before=self.context(name))

    def grant(self, run: str) -> None:
        """The host's lock was granted to that run, which lives."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        ticks = int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))
        (self.root / ".deploy" / "fence").write_text(run)
        (self.root / ".deploy" / "lease").write_text(f"run={run}\nboot={boot}\nticks={ticks}\n")

    def lapse(self) -> None:
        """The run that holds the lock is heard no more."""
        (self.root / ".deploy" / "lease").unlink()

    def go_live(self, run: str, name: str) -> Ran:
        """Install the watcher, boot the release, and switch to it."""
        return self._switch(run, name, self._boot(name), self._live(run, name))

    def go_live_alone(self, run: str, name: str, *, log: str = "", balancer: str = "true") -> Ran:
        """The same where the old release stops first; the balancer's command is told in or out."""
        return self._switch(
            run,
            name,
            self._leave(balancer),
            self._live(run, name),
            step("stop_confirmed", run, DRAIN, log),
            self._boot(name, run),
        )

    def go_live_first(self, run: str, name: str) -> Ran:
        """Install the watcher, and switch to what does not run yet."""
        return self._switch(run, name, self._live(run, name))

    def leave(self, run: str, name: str, balancer: str) -> Ran:
        """Install the watcher, and leave the balancer."""
        return self._switch(run, name, self._leave(balancer))

    def _switch(self, run: str, name: str, *lines: Line) -> Ran:
        self.grant(run)
        script = compile_script(
            [],
            nonce="watcher",
            path=[str(self.shell.bin)],
            before=[*self.context(""), call("watch_pending", DRAIN)],
        )
        return self.run(name, step("install_watcher", script.decode()), *lines)

    def _leave(self, balancer: str) -> Line:
        leave = call("leave_balancer", f"{balancer} out", f"{balancer} in", DRAIN)
        return Line("leave_balancer", leave, call("rejoin_balancer"))

    def _boot(self, name: str, *run: str) -> Line:
        return step("boot_release", name, 20, *run, undo=call("end_release", name))

    def _live(self, run: str, name: str) -> Line:
        return step("switch_live", run, name, undo=call("settle_switch", run, DRAIN))

    def record(self, name: str) -> dict[str, str]:
        """A record of the host; empty where there is none."""
        path = self.root / ".deploy" / name
        lines = path.read_text().splitlines() if path.exists() else []
        return dict(line.split("=", 1) for line in lines)

    def answer(self, path: str = "/api/status") -> str:
        """The release that answers on the live socket."""
        command = ["curl", "-sS", "--unix-socket", str(self.root / "sockets/live/0.sock")]
        done = subprocess.run(
            [*command, f"http://localhost{path}"], capture_output=True, text=True, check=True
        )
        return str(json.loads(done.stdout)["release"])

    def start_request(self, path: str) -> subprocess.Popen[bytes]:
        """A request on the live socket that is under way when this returns."""
        socket = str(self.root / "sockets/live/0.sock")
        command = ["curl", "-sSv", "--unix-socket", socket, f"http://localhost{path}"]
        request = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert request.stderr is not None
        while b"GET" not in request.stderr.readline():
            pass
        return request

    def is_locked(self) -> bool:
        """Somebody holds the lock of what is pending."""
        with (self.root / ".deploy" / "pending.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def upgrade(self, where: str = "live") -> socket.socket:
        """A WebSocket on a release's socket, idle once it has answered."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        directory = os.open(self.root / "sockets" / where, os.O_PATH)  # sun_path is short
        client.connect(f"/proc/self/fd/{directory}/0.sock")
        os.close(directory)
        words = ("GET / HTTP/1.1", "Host: h", "Connection: Upgrade", "Upgrade: websocket", "", "")
        client.sendall("\r\n".join(words).encode())
        assert b" 101 " in client.recv(4096)
        return client

    def running(self, name: str) -> list[int]:
        """The processes of a release."""
        return [pid for pid, cwd in _directories().items() if cwd == self.root / "releases" / name]

    def end(self) -> None:
        """Kill what works below this host's directory, its watcher included."""
        for pid, cwd in _directories().items():
            if cwd.is_relative_to(self.root) or str(self.root) in _command(pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


def watchers(host: Host) -> list[int]:
    """The processes of that host's watcher."""
    wanted = str(host.root / ".deploy" / "watcher")
    return [pid for pid in _directories() if wanted in _command(pid)]


def _directories() -> dict[int, Path]:
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found[int(entry.name)] = (entry / "cwd").readlink()
        except OSError:
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kinds(ran: Ran) -> Sequence[str]:
    """How each step ended, in order."""
    return list(ran.outcomes.values())
