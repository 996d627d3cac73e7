"""The files of a program as they would be installed, and put below a directory."""

from __future__ import annotations

from pathlib import Path

from deploy.inventory.models import Environment
from deploy.render.programs import Secrets, render_programs
from tests.render_targets.conftest import ROOT, SECRETS


def rendered(environment: Environment, name: str, program: str) -> dict[str, str]:
    """`{name: text}` of that program's files on that host."""
    host = environment.hosts[name]
    secrets = Secrets(host.settings.secrets, SECRETS.__getitem__)
    [one] = render_programs(
        environment, host, secrets, project=ROOT, wanted=lambda name, _: name == program
    )
    return {file.name: file.text for file in one.files}


def put(files: dict[str, str], directory: Path) -> dict[str, Path]:
    """Each file below `directory`, by its name."""
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return {name: directory / name for name in files}
