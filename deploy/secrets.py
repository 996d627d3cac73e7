"""Secret values, read late and on the controller only; they leave it on standard input alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import SecretSource
from deploy.shell import Argument, Secret

COMMAND_SECONDS = 60
SHORT = 3
"""Characters; what is no longer would be found everywhere, and tells nothing when it is."""


def read_secrets(sources: Mapping[str, SecretSource]) -> dict[str, Argument]:
    """Each secret by the name of its environment variable. Raises DeployError, without values."""
    return {name: Secret(name, _read(name, source)) for name, source in sources.items()}


def read_secret(name: str, source: SecretSource) -> str:
    """The value of one secret. Raises DeployError, without it."""
    return _read(name, source)


class Masks:
    """Short hashes that show that something secret changed, and nothing else of it.

    The key is this run's own, so that nobody can try values against what was printed.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._values: dict[str, str] = {}

    def add(self, values: Mapping[str, str]) -> None:
        """From now on `hide` knows these values and each line of them, by their secrets' names."""
        for name, value in values.items():
            for text in (value, *map(str.strip, value.split("\n"))):
                if len(text) > SHORT:
                    self._values.setdefault(text, name)

    def hash(self, text: str) -> str:
        """Eight hexadecimal digits, the same for the same text within the run."""
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:8]

    def hide(self, text: str) -> str:
        """`text` with `«NAME hash»` in place of each known value."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, f"«{self._values[value]} {self.hash(value)}»")
        return text


def _read(name: str, source: SecretSource) -> str:
    if source.env is not None:
        return _from_environment(name, source.env)
    if source.file is not None:
        return _from_file(name, Path(source.file).expanduser())
    if source.sops is not None:
        return _from_sops(name, source.sops, source.key or name)
    if source.age is not None:
        return _from_age(name, source.age, source.identity or "")
    return _from_program(name, shlex.split(source.command or ""))


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
    except UnicodeDecodeError:  # its words may hold the secret
        raise _fault(name, f"{path} is no text in UTF-8") from None


def _from_sops(name: str, file: str, key: str) -> str:
    """The one value; keys that are numbers are places in a list."""
    parts = [part if part.isdecimal() else json.dumps(part) for part in key.split(".")]
    wanted = "".join(f"[{part}]" for part in parts)
    path = str(Path(file).expanduser())
    return _from_program(name, ["sops", "--decrypt", "--extract", wanted, path])


def _from_age(name: str, file: str, identity: str) -> str:
    paths = [str(Path(path).expanduser()) for path in (identity, file)]
    return _from_program(name, ["age", "--decrypt", "--identity", *paths])


def _from_program(name: str, words: Sequence[str]) -> str:
    command = shlex.join(words)
    try:
        done = subprocess.run(words, capture_output=True, timeout=COMMAND_SECONDS)
    except FileNotFoundError:
        raise _fault(name, f"{command}: there is no {words[0]} on this machine") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _fault(name, f"{command}: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise _fault(name, f"{command} ended with {done.returncode}: {said}")
    try:
        return done.stdout.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise _fault(name, f"{command} prints no text in UTF-8") from None


def _fault(name: str, message: str) -> DeployError:
    return DeployError(
        f"secret {name}: {message}",
        hint="see `secrets` in the inventory; nothing was sent to any host",
        exit_code=ExitCode.USAGE,
    )
