"""Rules for sudo: exactly the commands by which `configure` installs the files of programs as root.

Whoever may write a root program's configuration can become root by it: docs/configure.md says so.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from zlib import crc32

from deploy.errors import DeployError, ExitCode
from deploy.inventory.layout import Layout
from deploy.render.commands import command_words, pidfile
from deploy.render.programs import RenderedFile, RenderedProgram

_BIN = "/usr/bin/"
_PLAIN = re.compile(r"[A-Za-z0-9._/@%+,:=-]+")


def render_sudoers(
    host: str, layout: Layout, login: str, programs: Sequence[RenderedProgram]
) -> dict[str, str]:
    """`{name: text}` of what an administrator installs for that login; nothing where none is asked.

    Raises DeployError for a path that cannot be written as an exact rule.
    """
    commands = [
        words for one in programs if one.program.sudo for words in _commands(layout, one) if words
    ]
    if not commands:
        return {}
    user = re.sub(r"[^A-Za-z0-9_.-]", r"\\\g<0>", login)
    lines = [
        f"# What {login} may do as root to install the files of programs; made by invoke render.",
        f"Defaults:{user} !requiretty",
        *(f"{user} ALL=(root) NOPASSWD: {_rule(host, words)}" for words in commands),
    ]
    return {"sudoers": "\n".join(lines) + "\n", "install.sh": _install(layout)}


def _commands(layout: Layout, one: RenderedProgram) -> Iterator[tuple[str, ...]]:
    for file in one.files:
        yield from _file_commands(layout, file)
    if path := pidfile(one):
        yield f"{_BIN}cat", "--", path
    program = one.program
    yield command_words(one, program.check, layout.config("trial"))
    yield command_words(one, program.reload)
    yield command_words(one, program.prove)


def _file_commands(layout: Layout, file: RenderedFile) -> Iterator[tuple[str, ...]]:
    """As deploy/remote/files.sh and files_install.sh say them."""
    to = file.destination
    directory, _, name = to.rpartition("/")
    aside = f"{directory}/.deploy-files"
    new, old = f"{aside}/{name}.new", f"{aside}/{name}.old"
    user, _, group = file.owner.partition(":")
    owner = ("-o", user, *(("-g", group) if group else ()))
    yield f"{_BIN}stat", "-c", "%f/%U/%G", "--", to
    yield f"{_BIN}stat", "-c", "%f/%U/%G", "--", old
    yield f"{_BIN}readlink", "--", to
    yield f"{_BIN}cat", "--", to
    yield f"{_BIN}mkdir", "-p", "-m", "0700", "--", aside
    yield f"{_BIN}ln", "-f", "--", to, old
    yield f"{_BIN}install", "-m", file.mode, *owner, "--", f"{layout.config('new')}{to}", new
    yield f"{_BIN}mv", "-T", "--", new, to
    yield f"{_BIN}mv", "-T", "--", old, to
    yield f"{_BIN}rm", "-f", "--", to


def _rule(host: str, words: Sequence[str]) -> str:
    """As sudoers(5) writes a command: what has a meaning there behind a backslash."""
    odd = [word for word in words if not _PLAIN.fullmatch(word)]
    if odd:
        raise DeployError(
            f"{odd[0]!r} cannot be part of an exact rule for sudo",
            host=host,
            step="render",
            hint="letters, digits and . _ / @ % + , : = - make one; choose another path",
            exit_code=ExitCode.USAGE,
        )
    return " ".join(re.sub(r"[,:=]", r"\\\g<0>", word) for word in words)


def _install(layout: Layout) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", layout.app.strip("/"))
    name = f"actionhero-files-{plain}-{crc32(layout.app.encode()):08x}"
    return f"""\
# As root, once; and again when invoke render writes other rules.
set -eu
cd -- "$(dirname -- "$0")"
visudo -cqf sudoers
install -m 440 -- sudoers /etc/sudoers.d/{shlex.quote(name)}
"""
