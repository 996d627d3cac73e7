"""What is loaded and built before the first byte is sent: every task pays for it, each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "apprise",
    "fabric",
    "git",
    "jinja2",
    "paramiko",
    "pydantic",
    "rich",
)  # PyYAML comes with invoke


def loaded_by(module: str) -> set[str]:
    """Which of the heavy libraries a fresh Python has loaded behind an import."""
    program = f"import json, sys; import {module}; print(json.dumps(list(sys.modules)))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout)) & set(HEAVY)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("tasks", set()),
        ("deploy.app.deploying", {"pydantic"}),
        ("deploy.app.watching", {"pydantic"}),
        ("deploy.session", {"pydantic"}),
        ("deploy.transport.ssh", {"fabric", "paramiko", "pydantic"}),
    ],
)
def test_a_library_is_loaded_where_it_is_needed(module: str, heavy: set[str]) -> None:
    assert loaded_by(module) == heavy


def test_no_model_is_built_before_a_file_is_read() -> None:
    program = (
        "from pydantic import BaseModel\n"
        "from deploy.inventory import document, models, settings\n"
        "found = [v for m in (document, models, settings) for v in vars(m).values()\n"
        "         if isinstance(v, type) and issubclass(v, BaseModel)]\n"
        "print(len(found), [v.__name__ for v in found[1:] if v.__pydantic_complete__])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    count, built = done.stdout.strip().split(" ", 1)
    assert int(count) > 20
    assert built == "[]"
