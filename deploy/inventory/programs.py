"""What an inventory says of the programs around the app: their files, and how these take effect.

A target that is built in is a file of targets/, laid below what the inventory says of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from deploy.inventory.application import Model
from deploy.inventory.fields import Seconds
from deploy.inventory.merge import merge
from deploy.inventory.nodes import Node, Part, read_tree
from deploy.inventory.values import CommandLine, Name, RelativePath

TARGETS = Path(__file__).with_name("targets")
COMMANDS = ("check", "reload", "prove")
ROOT = "root"
"""`{root}`: the directory that stands for / while files are checked, and nothing afterwards."""
KNOBS = "knobs."
"""`{knobs.pid}`: that knob of the settings' section that is named like the program."""

_PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z0-9][A-Za-z0-9._-]*)\}")

Mode = Annotated[str, Field(pattern=r"^0[0-7]{3}$")]
Owner = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$")
]
Destination = Annotated[
    str, Field(pattern=r"^(/([A-Za-z0-9_@%+-]|\{app\})([A-Za-z0-9._@%+-]|\{app\})*)+$")
]
"""No character of it means anything to a shell, to sudoers(5) or in a configuration file."""
Quoting = Literal[
    "plain",
    "nginx",
    "javascript",
    "yaml",
    "shell",
    "haproxy",
    "redis",
    "syslog-ng",
    "rsyslog",
    "monit",
    "logrotate",
]
Pidfile = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._/@%+-]+|\{knobs\.[a-z_]+\})$")]


class File(Model):
    """One file that is rendered and installed."""

    template: RelativePath
    """Name of the template, relative to templates/."""
    destination: Destination
    """Absolute path on the host, whose directory has to be there; `{app}` is the app's name."""
    mode: Mode | None = None
    """Permissions, as "0644"; none: 0644, or 0600 where it is secret."""
    owner: Owner | None = None
    """`user` or `user:group`; none: the deploy user, or root where the program needs sudo."""
    secret: bool = False
    """It may hold secrets: shown as a keyed hash only, and closed to all other users."""
    quote: Quoting = "plain"
    """How values are spelled in it; `plain` refuses what does not fit on a line."""

    @model_validator(mode="after")
    def _keeps_its_secret(self) -> File:
        if self.secret and self.permissions[-1] != "0":
            raise ValueError(f"it is secret, and mode {self.permissions} shows it to every user")
        return self

    @property
    def permissions(self) -> str:
        """The mode, given or not."""
        return self.mode or ("0600" if self.secret else "0644")


class Program(Model):
    """A program whose files are rendered, checked by it, installed, and taken up by a reload.

    In the commands `{NAME}` is the path of that file, `{root}` stands before every other path
    of a file, and `{knobs.NAME}` is a knob of the program's section.
    """

    settings: Name | None = None
    """Section of the settings that are its knobs, where that is not named like the program."""
    files: dict[Name, File] = Field(default={})
    """Its files, by a name of your own, which commands use as `{NAME}`."""
    check: CommandLine | None = None
    """Says whether the files are right, run on a copy of all of them; 0 is yes."""
    reload: CommandLine | None = None
    """Makes the program read its files; run once, when any of them changed."""
    prove: CommandLine | None = None
    """Run after the reload until it ends with 0: the program answers as it should."""
    prove_timeout: Seconds = 20
    """Seconds that the proof may take."""
    pidfile: Pidfile | None = None
    """Names the program's process: after a reload it has to run."""
    renews: Literal["nothing", "children", "process"] = "nothing"
    """What a reload starts anew, so that its age proves that the files were read."""
    sudo: bool = False
    """Install as root, and run check, reload and prove as root, by exact commands (`sudo -n`)."""
    with_deploy: bool = False
    """True: `deploy` installs what changed of its files, and they go back with the release."""
    enabled: bool = True
    """False leaves the program alone, here or in a role."""


def placed(program: Program, app: str) -> Program:
    """The program with the app's name in the destinations of its files."""
    files = {
        name: file.model_copy(update={"destination": file.destination.replace("{app}", app)})
        for name, file in program.files.items()
    }
    return program.model_copy(update={"files": files})


def placeholders(command: str) -> list[str]:
    """The placeholders of a command, without their braces."""
    return _PLACEHOLDER.findall(command)


def substitute(command: str, values: dict[str, str]) -> str:
    """`command` with each placeholder that is in `values` replaced, all others kept."""
    return _PLACEHOLDER.sub(lambda at: values.get(at[1], at[0]), command)


def lay_targets(settings: Node) -> Node:
    """Settings with the built-in target of the same name under each program."""
    programs = settings.get("programs")
    if programs is None or not isinstance(programs.value, dict):
        return settings
    laid = {name: _lay_target(name, node) for name, node in programs.value.items()}
    inner = {**settings.children(), "programs": replace(programs, value=laid)}
    return replace(settings, value=inner)


def target_names() -> list[str]:
    """The built-in targets."""
    return sorted(file.stem for file in TARGETS.glob("*.yml"))


def _lay_target(name: str, program: Node) -> Node:
    if name not in target_names() or not isinstance(program.value, dict):
        return program
    return merge(_rooted(_read_target(name), ("programs", name)), program)


@cache
def _read_target(name: str) -> Node:
    tree, faults = read_tree(TARGETS / f"{name}.yml")
    assert not faults, faults  # noqa: S101  # our own files; a test reads them all
    return tree


def _rooted(node: Node, prefix: tuple[Part, ...]) -> Node:
    """The same tree, at another place."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _rooted(child, prefix) for key, child in value.items()}
    elif isinstance(value, tuple):
        value = tuple(_rooted(child, prefix) for child in value)
    return replace(node, path=(*prefix, *node.path), value=value)
