"""A controller at the command line: `invoke` as a process of its own, aimed at a lab.

Each run can have the lab's inventory with a change of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploys.zygote import PROJECT, Spawned
from tests.lab import Lab, Process
from tests.lab.processes import everything

SECONDS = 150
"""The longest that one run may take; then it is killed, and its test fails."""

Change = Callable[[dict[str, Any]], object]
"""Edits an inventory, given as plain data."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a run left behind."""

    code: int
    lines: list[str]

    @property
    def text(self) -> str:
        """All that it printed."""
        return "\n".join(self.lines)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind, in their order, where the output was JSON."""
        return [e for e in map(parse, self.lines) if e.get("event") == kind]

    @property
    def failure(self) -> dict[str, Any]:
        """The failure, told once and no more."""
        failures = self.events("host_failed")
        assert len(failures) == 1, self.text
        return failures[0]

    @property
    def end(self) -> dict[str, Any]:
        """The last event."""
        return self.events("run_finished")[-1]


class Running:
    """A run that has not ended."""

    def __init__(self, process: subprocess.Popen[str] | Spawned, seconds: float = SECONDS) -> None:
        self.process = process
        self._lines: list[str] = []
        self._limit = threading.Timer(seconds, process.kill)
        self._limit.start()

    def wait_for(self, event: str, **fields: str) -> dict[str, Any]:
        """The next event of a kind whose fields begin so. Fails when the run ends without it."""
        for line in self._read():
            found = parse(line)
            if found.get("event") == event and all(
                str(found.get(name)).startswith(value) for name, value in fields.items()
            ):
                return found
        raise AssertionError(f"ended without {event} {fields}:\n" + "\n".join(self._lines))

    def finish(self) -> Said:
        """Wait for its end."""
        for _ in self._read():
            pass
        code = self.process.wait()
        self._limit.cancel()
        return Said(code, self._lines)

    def signal(self, number: int) -> None:
        """Send it a signal, and it alone."""
        self.process.send_signal(number)

    def _read(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line.rstrip("\n"))
            yield self._lines[-1]


def run(lab: Lab, *words: str) -> Said:
    """Run the command line on a lab, as it stands, to its end."""
    return Running(Spawned(words, {**os.environ, **lab.environment})).finish()


def invoke(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the command line, with these variables above our own."""
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a Ctrl-C at the tests is not one at the run
    )


_CHANGES = itertools.count(1)


class Controller:
    """Where a person stands who deploys to a lab."""

    def __init__(self, lab: Lab, directory: Path, change: Change = lambda _: None) -> None:
        self.lab = lab
        self._directory = directory
        self._change = change
        self._number = 0

    def with_change(self, change: Change) -> Controller:
        """The same one, whose inventory has a further change."""

        def both(data: dict[str, Any]) -> None:
            self._change(data)
            change(data)

        return Controller(self.lab, self._directory / f"with change {next(_CHANGES)}", both)

    def run(
        self, task: str, *flags: str, change: Change | None = None, output: str = "json"
    ) -> Said:
        """Run a task to its end."""
        return self.start(task, *flags, change=change, output=output).finish()

    def start(
        self,
        task: str,
        *flags: str,
        change: Change | None = None,
        output: str = "json",
        seconds: float = SECONDS,
    ) -> Running:
        """Start a task on the lab, or on the environment that the flags name."""
        named = () if "--env" in flags else ("--env", "lab")
        words = (task, *named, *flags, "--output", output)
        variables = {**os.environ, **self.lab.environment, **self._environment(change)}
        return Running(Spawned(words, variables), seconds)

    def look(self, *flags: str, change: Change | None = None) -> dict[str, Any]:
        """What `invoke status` says of the fleet."""
        return parse(self.run("status", *flags, change=change).lines[-1])

    def status(self) -> dict[str, dict[str, Any]]:
        """The same, by host."""
        return {one["host"]: one for one in self.look()["hosts"]}

    def serving(self, host: str = "web1") -> str:
        """The number of the revision that answers through nginx."""
        return str(self.lab.get(host, "/api/revision").json()["revision"])

    @contextmanager
    def committed(self, message: str, files: Mapping[str, str | None]) -> Iterator[str]:
        """A revision in which files are so; the next one has them as they were."""
        repository = self.lab.repository
        before = {
            name: repository.show("HEAD", name) if (repository.tree / name).exists() else None
            for name in files
        }
        try:
            yield self.lab.commit(message, files)
        finally:
            self.lab.commit("mend it", before)

    def _environment(self, change: Change | None) -> dict[str, str]:
        self._number += 1
        inventory = self._directory / str(self._number)
        shutil.copytree(self.lab.site.inventory, inventory)
        data = yaml.safe_load((inventory / "lab.yml").read_text())
        self._change(data)
        if change:
            change(data)
        (inventory / "lab.yml").write_text(yaml.safe_dump(data, sort_keys=False))
        runs = str(self._directory / "runs")
        return {"DEPLOY_INVENTORY": str(inventory), "DEPLOY_RUNS": runs}


def parse(line: str) -> dict[str, Any]:
    """A line of JSON; an empty object for any other line."""
    if not line.startswith("{"):
        return {}
    found: dict[str, Any] = json.loads(line)
    return found


def building(command: str, seconds: int = 60) -> Change:
    """An inventory whose only build step is that command."""
    return lambda data: data["app"].update(build=[{"run": command, "timeout": seconds}])


def marked(lab: Lab, host: str, mark: str) -> list[Process]:
    """A host's processes whose command line has the mark."""
    return [process for process in lab.processes(host) if mark in process.line]


def cut_connection(process: Process) -> None:
    """Kill the sshd session that a process on a host descends from: the network went away."""
    everyone = everything()
    while not process.command[0].startswith("sshd"):
        process = everyone[process.parent]
    process.signal(signal.SIGKILL)
