"""The one place where anything becomes shell text: quoting, secrets, scripts, the loader.

A script is the verbs of deploy/remote/*.sh that its calls need, and one line a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from deploy.errors import DeployError

_FUNCTION = re.compile(r"^([a-z_][a-z0-9_]*)\(\) [{(]", re.MULTILINE)
_NEEDS = re.compile(r"^# needs: (.+)$", re.MULTILINE)
_REMOTE = Path(__file__).with_name("remote")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never shows: not in repr, plans, events or argv."""

    name: str
    value: str = field(repr=False)

    def __str__(self) -> str:
        return f"«{self.name}»"


Argument = str | Secret


@dataclass(frozen=True, slots=True)
class Call:
    """One verb of deploy/remote/*.sh and its arguments."""

    verb: str
    arguments: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        """As it would stand in the script, with secrets masked: for plans and people."""
        return " ".join([self.verb, *(quote(str(a)) for a in self.arguments)])


@dataclass(frozen=True, slots=True)
class Line:
    """One call of a script, under the id that its reports carry."""

    id: str
    call: Call
    undo: Call | None = None
    is_fact: bool = False


def call(verb: str, *arguments: Argument | int) -> Call:
    """A Call; whole numbers become text."""
    return Call(verb, tuple(str(a) if isinstance(a, int) else a for a in arguments))


def quote(text: str) -> str:
    """`text` as one word of POSIX shell. Raises DeployError on NUL, which no shell can hold."""
    if "\0" in text:
        raise DeployError("a value holds a NUL character", hint="take it out of the inventory")
    return "'" + text.replace("'", "'\\''") + "'"


def exports(environment: dict[str, Argument]) -> str:
    """Sorted `NAME='value'` lines for `set -a; .`, secrets in clear: for standard input only."""
    bad = [name for name in environment if not _NAME.fullmatch(name)]
    if bad:
        raise DeployError(f"not a name of an environment variable: {bad[0]!r}")
    return "".join(f"{name}={_reveal(value)}\n" for name, value in sorted(environment.items()))


def compile_script(
    lines: Sequence[Line],
    *,
    nonce: str,
    path: Sequence[str] = (),
    environment: dict[str, Argument] | None = None,
    before: Sequence[Call] = (),
    after: Sequence[Call] = (),
) -> bytes:
    """One POSIX script that runs `lines` in order and unwinds on the first failure.

    `path` directories go in front of PATH; `environment` is what `app_environment` exports;
    `before` and `after` are calls outside the steps (locks, waiting for heartbeats).
    """
    calls = [line.call for line in lines] + [line.undo for line in lines if line.undo]
    body = [
        *_library([c.verb for c in [*calls, *before, *after]]),
        f"open_stage {quote(nonce)}",
        *(f"PATH={quote(directory)}:$PATH" for directory in reversed(path)),
        "export PATH",
        "app_environment() {\n:\nset -a\n" + exports(environment or {}) + "set +a\n}",
        *_undo_functions(lines),
        "trap unwind TERM INT HUP",
        *(_render(c) for c in before),
        *(_line(index, line) for index, line in enumerate(lines, 1)),
        "close_stage",
        *(_render(c) for c in after),
    ]
    return ("\n".join(body) + "\n").encode()


def loader_command(size: int) -> str:
    """The fixed remote command: read exactly `size` bytes, check the length, evaluate them.

    A script that was cut off must never run its last half line, and a child that reads
    standard input must not swallow the rest. Works whatever the login shell is.
    """
    loader = (
        's=$(head -c "$1"; printf x); s=${s%x}; '
        '[ "$(printf %s "$s" | wc -c)" -eq "$1" ] || '
        '{ echo "script cut off" >&2; exit 97; }; '
        'eval "$s"'
    )
    return f"exec sh -c {quote(loader)} deploy {size}"


def _render(one: Call) -> str:
    return " ".join([one.verb, *(_reveal(a) for a in one.arguments)])


def _reveal(argument: Argument) -> str:
    return quote(argument.value if isinstance(argument, Secret) else argument)


def _line(index: int, line: Line) -> str:
    if line.is_fact:
        return f"run_fact {quote(line.id)} {_render(line.call)}"
    return f"run_step {index} {quote(line.id)} {_render(line.call)}"


def _undo_functions(lines: Sequence[Line]) -> list[str]:
    """`undo_step INDEX` names the step that has an undo (else false), `undo INDEX` runs it."""
    undoable = [(i, line.id, line.undo) for i, line in enumerate(lines, 1) if line.undo]
    names = [f"{i}) step={quote(id_)} ;;" for i, id_, _ in undoable]
    calls = [f"{i}) {_render(undo)} ;;" for i, _, undo in undoable]
    return [_cases("undo_step", [*names, "*) return 1 ;;"]), _cases("undo", [*calls, "*) : ;;"])]


def _cases(name: str, cases: Sequence[str]) -> str:
    return f"{name}() {{\ncase $1 in\n" + "\n".join(cases) + "\nesac\n}"


def _library(verbs: Iterable[str]) -> list[str]:
    """The text of core.sh and of every file that defines a verb, with all that these need."""
    library, home = _read_library()
    wanted: list[str] = []

    def want(name: str) -> None:
        if name not in wanted:
            wanted.append(name)
            for needed in _needs(library[name]):
                want(needed)

    want("core")
    for verb in verbs:
        if verb not in home:
            raise DeployError(f"no verb {verb!r} in deploy/remote")
        want(home[verb])
    return [_strip(library[name]) for name in wanted]


@cache
def _read_library() -> tuple[dict[str, str], dict[str, str]]:
    """Each file of deploy/remote by its stem, and each verb's file."""
    library = {path.stem: path.read_text("utf-8") for path in sorted(_REMOTE.glob("*.sh"))}
    home = {verb: name for name, text in library.items() for verb in _FUNCTION.findall(text)}
    return library, home


def _needs(text: str) -> list[str]:
    found = _NEEDS.search(text)
    return found[1].split() if found else []


@cache
def _strip(text: str) -> str:
    """Drop whole-line comments and blank lines: they need not travel."""
    lines = (line for line in text.splitlines() if line.strip())
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
