"""The commands of a program, with the paths of its files filled in; and texts for a trial tree."""

from __future__ import annotations

import re
import shlex

from deploy.errors import DeployError, ExitCode
from deploy.inventory.programs import KNOBS, ROOT, placeholders, substitute
from deploy.render.programs import RenderedProgram
from deploy.shell import quote


def command_words(one: RenderedProgram, command: str | None, root: str = "") -> tuple[str, ...]:
    """The words of `command`; its files are below `root`. None: no words.

    With sudo they are the command's own, for an exact rule; without, they go through a shell.
    Raises DeployError for a knob that does not exist.
    """
    if command is None:
        return ()
    values = _values(one, command, root)
    if one.program.sudo:
        return tuple(substitute(word, values) for word in shlex.split(command))
    return "sh", "-c", substitute(command, {name: quote(value) for name, value in values.items()})


def pidfile(one: RenderedProgram) -> str:
    """The path of the program's pidfile; empty where it has none."""
    written = one.program.pidfile or ""
    return substitute(written, _values(one, written, ""))


def trial_text(text: str, one: RenderedProgram, root: str) -> str:
    """`text` with each whole path of a file of the program led into the tree at `root`."""
    paths = "|".join(re.escape(file.destination) for file in one.files)
    whole = rf"(?<![A-Za-z0-9._/@%+-])(?:{paths})(?![A-Za-z0-9_/@%+-]|\.[A-Za-z0-9])"
    return re.sub(whole, lambda at: root + at[0], text)


def _values(one: RenderedProgram, command: str, root: str) -> dict[str, str]:
    values = {file.name: f"{root}{file.destination}" for file in one.files}
    values[ROOT] = root
    for name in placeholders(command):
        if name.startswith(KNOBS):
            values[name] = _knob(one, name.removeprefix(KNOBS))
    return values


def _knob(one: RenderedProgram, name: str) -> str:
    if one.knobs is None or name not in type(one.knobs).model_fields:
        raise DeployError(
            f"{{{KNOBS}{name}}} is no knob of {one.name}",
            step="render",
            hint=f"docs/inventory.md lists what may stand under {one.name.replace('-', '_')}:",
            exit_code=ExitCode.USAGE,
        )
    return str(getattr(one.knobs, name))
