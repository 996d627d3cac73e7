"""Real node-resque 2 and 9, installed once from their lock files, as the lab's packages are."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import toolchain

SOURCES = Path(__file__).with_name("resque")
NODE = {2: 14, 9: 29}
"""The app of the lab whose node a version runs on."""


def install(version: int) -> Path:
    """The directory of run.js with its packages; from the network the first time only."""
    source = SOURCES / str(version)
    mark = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    directory = toolchain.cache_directory() / f"node-resque-{version}-{mark}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with toolchain.exclusive(toolchain.cache_directory() / "lock"):
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, partial)
            # Node 8's npm cannot read the lock file of today; the packages are the same.
            with_npm = toolchain.install_node(29)
            toolchain.npm("ci", "--ignore-scripts", cwd=str(partial), first=with_npm)
            partial.rename(directory)
    shutil.copy(source / "run.js", directory)
    return directory


@dataclass
class Resque:
    """One version of it, on one redis."""

    version: int
    port: int
    password: str = ""
    db: int = 0
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str, name: str = "") -> subprocess.Popen[str]:
        """Run run.js, beside the test."""
        directory = install(self.version)
        node = toolchain.provide_node(NODE[self.version])
        own = {"PORT": str(self.port), "PASSWORD": self.password, "DB": str(self.db)}
        own |= {"NAME": name} if name else {}
        process = subprocess.Popen(
            [str(node / "node"), "run.js", *words],
            cwd=directory,
            env={**os.environ, **{key: value for key, value in own.items() if value}},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def work(self, queues: str, *, name: str = "") -> subprocess.Popen[str]:
        """A worker, once it has announced itself."""
        process = self.start("work", queues, name=name)
        await_line(process, "ready")
        return process

    def add(self, queue: str, task: str, argument: object, count: int = 1) -> None:
        """So many jobs, enqueued when this returns."""
        process = self.start("add", queue, task, str(argument), str(count), "1")
        assert process.wait(timeout=60) == 0

    def stop(self) -> None:
        """End all that was started here."""
        for process in self.processes:
            process.kill()
            process.wait()


def await_line(process: subprocess.Popen[str], text: str) -> None:
    """Read until a line holds `text`; fails when the process ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"the worker ended before it said {text!r}")
