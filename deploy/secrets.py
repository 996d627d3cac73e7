"""Secret values, read late and on the controller only; they leave it on standard input alone."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import SecretSource
from deploy.shell import Argument, Secret

COMMAND_SECONDS = 60


def read_secrets(sources: Mapping[str, SecretSource]) -> dict[str, Argument]:
    """Each secret by the name of its environment variable. Raises DeployError, without values."""
    return {name: Secret(name, _read(name, source)) for name, source in sources.items()}


def _read(name: str, source: SecretSource) -> str:
    if source.env is not None:
        return _from_environment(name, source.env)
    if source.file is not None:
        return _from_file(name, Path(source.file).expanduser())
    return _from_command(name, source.command or "")


def _from_environment(name: str, variable: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise _fault(name, f"the environment variable {variable} is not set") from None


def _from_file(name: str, path: Path) -> str:
    try:
        return path.read_bytes().decode().removesuffix("\n")
    except OSError as error:
        raise _fault(name, f"{path}: {error.strerror}") from None


def _from_command(name: str, command: str) -> str:
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=COMMAND_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _fault(name, f"{command}: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise _fault(name, f"{command} ended with {done.returncode}: {said}")
    return done.stdout.decode().removesuffix("\n")


def _fault(name: str, message: str) -> DeployError:
    return DeployError(
        f"secret {name}: {message}",
        hint="see `secrets` in the inventory; nothing was sent to any host",
        exit_code=ExitCode.USAGE,
    )
