"""A host's directory with the files of one nginx, and the lines of scripts that configure it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.facts.files import ConfigState, parse_config
from deploy.shell import Line, Secret, call
from tests.remote.harness import Ran, Shell, fact, step

NGINX = shutil.which("nginx", path=f"/usr/sbin:{os.environ['PATH']}") or "nginx"


@dataclass
class Place:
    """A host's directory, with the files of one nginx."""

    shell: Shell
    root: Path
    port: int = 0
    masters: list[int] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.root / "app" / ".deploy")

    @property
    def file(self) -> Path:
        return self.root / "etc" / "nginx.conf"

    @property
    def old(self) -> Path:
        return self.root / "etc" / ".deploy-files" / "nginx.conf.old"

    @property
    def trial(self) -> str:
        return f"{self.state}/config/trial{self.file}"

    def text(self, word: str, port: int = 0) -> str:
        """An nginx.conf that answers with that word."""
        return f"""pid {self.root}/nginx.pid;
error_log {self.root}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {self.root}/temp;
    proxy_temp_path {self.root}/temp;
    fastcgi_temp_path {self.root}/temp;
    uwsgi_temp_path {self.root}/temp;
    scgi_temp_path {self.root}/temp;
    server {{ listen 127.0.0.1:{port or self.port}; return 200 {word}; }}
}}
"""

    def run(self, *lines: Line, app: dict[str, str | Secret] | None = None, run: str = "r1") -> Ran:
        before = [call("describe_config", self.state, run)]
        return self.shell.run(*lines, before=before, app=app)

    def look(self, *paths: Path) -> ConfigState:
        words = [word for path in paths for word in ("no", str(path))]
        return parse_config(self.run(fact("config_state", *words)).answer)

    def stage(self, text: str, trial: str = "") -> list[Line]:
        secret = Secret("text", text)
        return [step("clear_stage"), step("stage_files", "nginx", str(self.file), secret, trial)]

    def check(self, command: str = "") -> Line:
        line = command or f"{NGINX} -t -q -c '{self.trial}'"
        return step("check_files", "nginx", "no", 20, "sh", "-c", line)

    def reload_words(self, command: str = "") -> list[str]:
        return ["sh", "-c", command or f"{NGINX} -s reload -c '{self.file}'"]

    def install(self, mode: str = "0644", owner: str = "-", reload: str = "") -> Line:
        words = [str(self.file), mode, owner]
        back = call("restore_files", "nginx", "no", 20, *self.reload_words(reload))
        return step("install_files", "nginx", "no", *words, undo=back)

    def reload(self, command: str = "") -> Line:
        return step("reload_program", "nginx", "no", 20, *self.reload_words(command))

    def prove(self, seconds: int = 5, command: str = "true") -> Line:
        pidfile = str(self.root / "nginx.pid")
        words = ["sh", "-c", command]
        return step("prove_program", "nginx", "no", seconds, pidfile, "children", *words)

    def record(self) -> Line:
        back = call("forget_files")
        return step("record_files", str(self.file), "0644", "-", undo=back)

    def start(self) -> None:
        """Start nginx with what is installed."""
        subprocess.run([NGINX, "-c", str(self.file)], check=True, capture_output=True)
        deadline = time.monotonic() + 10
        while self.get() is None:
            assert time.monotonic() < deadline
        self.masters.append(int((self.root / "nginx.pid").read_text()))

    def comes_to(self, word: str) -> bool:
        """It answers so; nginx stops its old workers 0.1 s after it started new ones."""
        end = time.monotonic() + 5
        while self.get() != word:
            if time.monotonic() > end:
                return False
        return True

    def get(self) -> str | None:
        """What it answers; None when nothing listens."""
        done = subprocess.run(
            ["curl", "-sS", f"http://127.0.0.1:{self.port}/"], capture_output=True, text=True
        )
        return done.stdout if done.returncode == 0 else None
