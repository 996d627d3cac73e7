"""What an inventory says of the application: where it comes from, and how it is made ready."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy.inventory.fields import Seconds
from deploy.inventory.values import (
    AppPath,
    CommandLine,
    Line,
    Name,
    RelativePath,
    UrlPath,
    Word,
)


class Model(BaseModel):
    """Frozen, and strict about keys: an unknown key is an error, never ignored.

    Building is put off and the lines under the fields are read by schema.py only: it halves
    the time that an import takes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Command(Model):
    """A command line of the app's own, run by `sh -c` in the prepared tree."""

    run: CommandLine
    """The command line, as one would type it in the app's directory."""
    timeout: Seconds = 600
    """Seconds after which the command and all its children are ended."""


class OnceCommand(Command):
    """A command that runs on one host only, for example a database migration."""

    when: Literal["before_boot", "before_switch", "after"] = "before_boot"
    """Before new code boots, before it takes traffic, or after every host was proved."""


class Dependencies(Model):
    """How the app's packages are installed."""

    node: Literal["auto", "ci", "install", "off"] = "auto"
    """`auto` is `npm ci` where there is a lockfile, else `npm install`."""
    python: Literal["auto", "off"] = "auto"
    """`auto` installs requirements.txt into a virtual environment where the app has one."""
    flags: tuple[Line, ...] = ()
    """Further flags for npm, for example `--omit=dev`. They are part of the key."""
    inputs: tuple[RelativePath, ...] = ()
    """Further files or directories that an install depends on (patches/, prisma/)."""
    timeout: Seconds = 900
    """Seconds after which an install is ended."""


class Health(Model):
    """How a process is asked whether it serves."""

    path: UrlPath = "/api/status"
    """Path that answers 200 when the process is well."""
    timeout: Seconds = 30
    """Seconds to wait until every worker answered."""


class App(Model):
    """The application: where it comes from, where it lives, how it is made ready."""

    name: Name
    """Short name, used in titles, log lines and file names."""
    repository: Word
    """Git URL that both the controller and the hosts can read."""
    branch: Word = "main"
    """Branch that is deployed unless `--revision` says otherwise."""
    path: AppPath
    """Directory of the app on a host, unless the host's own `path` says otherwise."""
    actionhero: Annotated[int, Field(gt=0)] | None = None
    """Major version of ActionHero; read from the app's lockfile where not given."""
    process_model: Literal["auto", "startCluster", "start cluster", "processes"] = "auto"
    """How the app is started; `auto` decides by the version of ActionHero."""
    dependencies: Dependencies = Dependencies.model_construct()
    """How the app's packages are installed."""
    build: tuple[Command, ...] = ()
    """Commands run on every host in the prepared tree, in this order."""
    once: tuple[OnceCommand, ...] = ()
    """Commands run on one host of the first batch."""
    shared: tuple[RelativePath, ...] = ()
    """Files and directories that outlive a release, relative to the app (`public/uploads`)."""
    health: Health = Health.model_construct()
    """How a process is asked whether it serves."""
