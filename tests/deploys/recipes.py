"""The recipes of docs/ci as what they tell a shell: the very lines, run as each CI runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deploys.zygote import PROJECT

CI = PROJECT / "docs" / "ci"
LEFT_OUT = (".git", ".venv", ".deploy", "build", "__pycache__", ".*_cache", "tests", "*.egg-info")
INSTALL = "python3 -m venv .venv && .venv/bin/pip install --quiet -e ."
OFFLINE = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""The lines stay as they are; what they would fetch is there already (PYTHONPATH)."""


@dataclass(frozen=True, slots=True)
class Step:
    """Lines that one shell gets, and what that shell is called with."""

    shell: tuple[str, ...]
    lines: str
    variables: dict[str, str] = field(default_factory=dict)


def github(values: Mapping[str, str]) -> dict[str, Step]:
    """The steps of the workflow by name; `values` are its expressions, by what is in the braces."""
    workflow = yaml.safe_load((CI / "github.yml").read_text("utf-8"))
    steps = {}
    for step in workflow["jobs"]["deploy"]["steps"]:
        if "run" in step:
            assert "${{" not in step["run"]  # it would be pasted into the shell's text
            named = {name: _fill(text, values) for name, text in step.get("env", {}).items()}
            steps[step["name"]] = Step(("bash", "-e"), step["run"], named)
    return steps


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ ([a-zA-Z_.]+) \}\}", lambda found: values[found[1]], text)


def gitlab() -> dict[str, Step]:
    """The two parts of the job, each in one shell."""
    job = yaml.safe_load((CI / "gitlab.yml").read_text("utf-8"))["deploy"]
    shell = ("bash", "-eo", "pipefail")
    parts = ("before_script", "script")
    return {part: Step(shell, "\n".join(job[part]), job["variables"]) for part in parts}


def jenkins() -> list[Step]:
    """Every `sh` of the pipeline, in its order."""
    text = (CI / "Jenkinsfile").read_text("utf-8")
    found = re.findall(r"^\s*sh '([^'\n]+)'$", text, re.MULTILINE)
    assert text.count("sh '") == len(found)
    defaults = dict(re.findall(r"string\(name: '(\w+)', defaultValue: '(\w*)'\)", text))
    return [Step(("sh", "-xe"), lines, defaults) for lines in found]


@dataclass(frozen=True, slots=True)
class Job:
    """A machine of a CI: a checkout, a home, and the variables that the CI sets."""

    checkout: Path
    home: Path
    variables: dict[str, str]

    def run(self, step: Step, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the CI does: its lines as a file, and no standard input."""
        script = self.home / "script.sh"
        script.write_text(step.lines + "\n")
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        path = f"{Path(sys.executable).parent}:{kept.get('PATH', '/usr/bin:/bin')}"
        packages = sysconfig.get_paths()["purelib"]
        own = {"HOME": str(self.home), "PATH": path, "PYTHONPATH": packages, "CI": "true"}
        return subprocess.run(
            [*step.shell, str(script)],
            cwd=self.checkout,
            env={**kept, **own, **OFFLINE, **self.variables, **step.variables, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def add_program(self, name: str, module: str) -> None:
        """What pip would have installed with a package that is only in PYTHONPATH here."""
        script = self.checkout / ".venv" / "bin" / name
        script.write_text(
            f"#!{script.with_name('python')}\nfrom {module} import program\nprogram.run()\n"
        )
        script.chmod(0o755)


def checkout(directory: Path, inventory: dict[str, Any]) -> Path:
    """The project as a CI checks it out, with an inventory for `production`."""
    made = directory / "checkout"
    shutil.copytree(PROJECT, made, ignore=shutil.ignore_patterns(*LEFT_OUT))
    text = yaml.safe_dump(inventory, sort_keys=False)
    (made / "inventory" / "production.yml").write_text(text)
    return made
