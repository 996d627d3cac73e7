"""Where secrets are read from, and who is told how a deploy goes: that takes a secret, too."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.application import Model
from deploy.inventory.values import CommandLine, EnvironmentName, Line

KeyPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]


class SecretSource(Model):
    """Where a secret is read from, late, on the controller; exactly one source."""

    env: EnvironmentName | None = None
    """Name of an environment variable of the controller."""
    file: Line | None = None
    """Path of a file; its last newline is dropped."""
    command: CommandLine | None = None
    """Command whose standard output is the secret (`pass show chat/token`)."""

    sops: Line | None = None
    """Path of a file that sops decrypts; `key` says which of its values."""
    key: KeyPath | None = None
    """Keys that lead to the value in a sops file, with dots; none: the secret's own name."""
    age: Line | None = None
    """Path of a file that age decrypts by `identity`; its last newline is dropped."""
    identity: Line | None = None
    """Path of the identity (private key) for age."""

    @model_validator(mode="after")
    def _has_one_source(self) -> SecretSource:
        sources = (self.env, self.file, self.command, self.sops, self.age)
        if len([one for one in sources if one is not None]) != 1:
            raise ValueError("a secret has exactly one source: env, file, command, sops or age")
        if self.key is not None and self.sops is None:
            raise ValueError("key is for a sops file only")
        if (self.age is None) != (self.identity is None):
            raise ValueError("age and identity go together")
        return self

    def __str__(self) -> str:
        """Where the secret comes from; never what it is."""
        if self.env is not None:
            return f"variable {self.env}"
        if self.sops is not None:
            return f"sops {self.sops}" + (f" {self.key}" if self.key else "")
        if self.age is not None:
            return f"age {self.age}"
        return f"file {self.file}" if self.file is not None else f"command {self.command}"


class Notification(Model):
    """Somebody who is told how a deploy or a rollback goes."""

    url: SecretSource
    """Where to: a URL as apprise knows them (`slack://…`, `mailto://…`); it is a secret."""
    on: Annotated[
        tuple[Literal["started", "done", "failed", "unknown"], ...], Field(min_length=1)
    ] = ("done", "failed", "unknown")
    """What is told; `unknown` needs a person to look."""
