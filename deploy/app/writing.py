"""`invoke render`: what `configure` would install, written here, with an index; and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.app import Flags, load_all
from deploy.app.files import Rendered, render_hosts
from deploy.app.rendering import login_of, show_report, tell_paths
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, Host, layout_for
from deploy.render import render_config, write_files
from deploy.render.local import check_locally
from deploy.render.programs import RenderedFile
from deploy.render.sudoers import render_sudoers

INDEX = "index.md"
SUDO = "_sudo"
"""Directory of the rules for sudo, beside the files of a host."""
APP = "_app"
"""Directory of ActionHero's own configuration, which belongs into the app's repository."""


def render(out: str, check: bool, programs: str, flags: Flags) -> ExitCode:
    """Write OUT/HOST/… as the files' destinations are, OUT/HOST/_sudo where root is needed,
    OUT/HOST/_app for the app, and OUT/index.md; with `check`, programs that are here check theirs.

    `programs` are names with commas between them; then there are no others' files, no rules and
    no index, which are about all of them.
    """
    environment, hosts = load_all(flags)
    rendered = render_hosts(environment, hosts, programs.split(",") if programs else ())
    sound = True
    for one in rendered:
        directory = Path(out, one.host.name)
        tell_paths(_write(one, directory))
        if not programs:
            tell_paths(_write_rules(environment, one, directory))
        for report in check_locally(one.programs, directory) if check else ():
            sound &= show_report(one.host.name, report)
    if not programs:
        app = _render_app(environment, hosts)
        for host, texts in app.items():
            tell_paths(write_files(texts, Path(out, host, APP)))
        tell_paths(write_files({INDEX: index(environment, rendered, app)}, Path(out)))
    return ExitCode.DONE if sound else ExitCode.FAILED


def index(
    environment: Environment, rendered: Sequence[Rendered], app: Mapping[str, Mapping[str, str]]
) -> str:
    """Every file as a row of Markdown; a secret one has no digest, which could be guessed from.

    `app` is by host what belongs into the app's repository.
    """
    text = f"# Files of {environment.name}\n\n"
    text += (
        "Made by `invoke render`; `invoke configure` installs them, but for ActionHero's: those\n"
    )
    text += "belong into the app's repository (docs/actionhero-config.md).\n"
    rows = {one.host.name: _rows(one) for one in rendered}
    for host in dict.fromkeys((*rows, *app)):
        text += f"\n## {host}\n\n{_TABLE}{rows.get(host, '')}{_app_rows(app.get(host, {}))}"
    return text


_TABLE = "| file | program | destination | mode | owner | sha256 |\n|---|---|---|---|---|---|\n"


def _rows(one: Rendered) -> str:
    return "".join(_row(file) for each in one.programs for file in each.files)


def _app_rows(texts: Mapping[str, str]) -> str:
    return "".join(
        f"| {Path(name).name} | ActionHero | {name} | - | - | {_digest(text)} |\n"
        for name, text in texts.items()
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _render_app(environment: Environment, hosts: Sequence[Host]) -> dict[str, dict[str, str]]:
    """By host, where the inventory names the version; the repository is not asked for it here."""
    if environment.app.actionhero is None:
        print(
            "ActionHero's files: NOT WRITTEN: app.actionhero is not set; invoke render-config asks"
        )
        return {}
    try:
        found = {host.name: render_config(environment, host) for host in hosts}
    except DeployError as error:
        print(f"ActionHero's files: NOT WRITTEN: {error}")
        return {}
    return {name: texts for name, texts in found.items() if texts}


def _row(file: RenderedFile) -> str:
    digest = "secret" if file.secret else _digest(file.text)
    cells = (file.name, file.program, file.destination, file.mode, file.owner or "-", digest)
    return f"| {' | '.join(cells)} |\n"


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
