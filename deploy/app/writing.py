"""`invoke render`: what `configure` would install, written here, with an index; and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy.app import Flags, load_all
from deploy.app.files import Rendered, render_hosts
from deploy.app.rendering import login_of, show_report, tell_paths
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, layout_for
from deploy.render import write_files
from deploy.render.local import check_locally
from deploy.render.programs import RenderedFile
from deploy.render.sudoers import render_sudoers

INDEX = "index.md"
SUDO = "_sudo"
"""Directory of the rules for sudo, beside the files of a host."""


def render(out: str, check: bool, programs: str, flags: Flags) -> ExitCode:
    """Write OUT/HOST/… as the files' destinations are, OUT/HOST/_sudo where root is needed, and
    OUT/index.md; with `check`, let the programs that are installed here check them.

    `programs` are names with commas between them; then there are no others' files, no rules and
    no index, which are about all of them.
    """
    environment, hosts = load_all(flags)
    rendered = render_hosts(environment, hosts)
    if programs:
        rendered = _only(rendered, programs.split(","))
    sound = True
    for one in rendered:
        directory = Path(out, one.host.name)
        tell_paths(_write(one, directory))
        if not programs:
            tell_paths(_write_rules(environment, one, directory))
        for report in check_locally(one.programs, directory) if check else ():
            sound &= show_report(one.host.name, report)
    if not programs:
        tell_paths(write_files({INDEX: index(environment, rendered)}, Path(out)))
    return ExitCode.DONE if sound else ExitCode.FAILED


def index(environment: Environment, rendered: Sequence[Rendered]) -> str:
    """Every file as a row of Markdown; a secret one has no digest, which could be guessed from."""
    head = f"# Files of {environment.name}\n\n"
    head += "Made by `invoke render`; `invoke configure` installs them.\n"
    return head + "".join(f"\n## {one.host.name}\n\n{_TABLE}{_rows(one)}" for one in rendered)


_TABLE = "| file | program | destination | mode | owner | sha256 |\n|---|---|---|---|---|---|\n"


def _rows(one: Rendered) -> str:
    return "".join(_row(file) for each in one.programs for file in each.files)


def _row(file: RenderedFile) -> str:
    digest = "secret" if file.secret else hashlib.sha256(file.text.encode()).hexdigest()
    cells = (file.name, file.program, file.destination, file.mode, file.owner or "-", digest)
    return f"| {' | '.join(cells)} |\n"


def _only(rendered: Sequence[Rendered], names: Sequence[str]) -> list[Rendered]:
    """The hosts that have one of these programs. Raises DeployError for a name of none."""
    known = {one.name for each in rendered for one in each.programs}
    if unknown := sorted(set(names) - known):
        raise DeployError(
            f"no host has a program {unknown[0]!r}; there are: {', '.join(sorted(known))}",
            step="render",
            hint="name it under `programs` in the inventory, or take another",
            exit_code=ExitCode.USAGE,
        )
    kept = [
        replace(each, programs=tuple(one for one in each.programs if one.name in names))
        for each in rendered
    ]
    return [each for each in kept if each.programs]


def _write(one: Rendered, directory: Path) -> list[Path]:
    files = [file for each in one.programs for file in each.files]
    texts = {file.destination.lstrip("/"): file.text for file in files}
    private = {file.destination.lstrip("/") for file in files if file.secret}
    return write_files(texts, directory, private)


def _write_rules(environment: Environment, one: Rendered, directory: Path) -> list[Path]:
    """What an administrator installs, so that sudo permits the rest."""
    layout = layout_for(environment, one.host)
    if not any(each.program.sudo for each in one.programs):
        return []
    login = login_of(environment, one.host)
    rules = render_sudoers(one.host.name, layout, login, one.programs)
    return write_files(rules, directory / SUDO)
