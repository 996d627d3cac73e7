"""The commands as a person types them, aimed at a lab: one process each, from this checkout.

The demo and the soak use it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lab import Lab

PROJECT = Path(__file__).parents[2]


def invoke(lab: Lab, task: str, *flags: str, say: bool = True) -> None:
    """Run `invoke TASK --env lab`; its output goes where ours goes, unless `say` is off.

    Raises subprocess.CalledProcessError, which holds the output that was not shown.
    """
    _run(lab, task, flags, capture=not say)


def ask(lab: Lab, task: str) -> list[dict[str, Any]]:
    """The rows of a task that looks, by its `--output json`, whatever its exit code."""
    answer = _run(lab, task, ("--output", "json"), capture=True, check=False)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def heed_sigterm() -> None:
    """SIGTERM ends us as Ctrl-C does, so that the lab is taken down."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _run(
    lab: Lab, task: str, flags: tuple[str, ...], *, capture: bool, check: bool = True
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoke", task, "--env", "lab", *flags]
    return subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, **lab.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        text=True,
        check=check,
    )
