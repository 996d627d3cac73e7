"""How a function becomes a task of Invoke, and a task a call of deploy.app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

from invoke.tasks import Task

from deploy.app.flags import FLAGS


def command(*flags: str, name: str | None = None) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function that takes these flags, in this order.

    Invoke reads the signature of what it calls, and the first letters are taken in that order.
    What is `report.out` in the table of flags is called `out`; other tasks have one of their own.
    """
    known = {flag.rpartition(".")[2]: FLAGS[flag] for flag in flags}
    signature = Signature(
        [
            Parameter(one, Parameter.POSITIONAL_OR_KEYWORD, default=default)
            for one, default in [("_", Parameter.empty), *((f, known[f][0]) for f in known)]
        ]
    )

    def make(body: Callable[..., None]) -> Task[Any]:
        @wraps(body)
        def run(*given: object, **named: object) -> None:
            bound = signature.bind(*given, **named)
            bound.apply_defaults()
            if _HELP & {one for one in bound.arguments.values() if isinstance(one, str)}:
                _explain(sys.argv)
            body(**{one: bound.arguments[one] for one in known})

        run.__signature__ = signature  # type: ignore[attr-defined]
        lines = {flag: line for flag, (_, line) in known.items()}
        return Task(run, name=name, help=lines, positional=_words(name or body.__name__, known))

    return make


_HELP = {"--help", "-h"}


def _explain(words: list[str]) -> None:
    """End with what `invoke --help TASK` says; behind a task Invoke takes it for an environment."""
    from invoke.main import program

    at = next(place for place, word in enumerate(words) if word in _HELP)
    while at and words[at].startswith("-"):
        at -= 1
    program.run(["invoke", *words[1:at], "--help", words[at]])


def _words(task: str, known: Mapping[str, tuple[object, str]]) -> list[str] | None:
    """The flags that may be given as a bare word: those without a default, and one whose default is
    None where the command line has a word for it, since Invoke knows no word that may be left out.
    """
    optional = [flag for flag, (default, _) in known.items() if default is None]
    if not optional:
        return None
    words = iter(sys.argv[sys.argv.index(task) + 1 :] if task in sys.argv else [])
    for word in words:
        if not word.startswith("-"):
            return optional
        if "=" not in word:
            next(words, None)  # each flag of such a task has a value
    return []


def end(function: str, module: str, *arguments: object, **flags: object) -> None:
    """Call a task of deploy.app and end with its exit code; imported late, so --list is quick."""
    import atexit
    import gc
    from importlib import import_module

    # Nothing dies while modules load: looking for garbage would be a tenth of the start; and at the
    # end the interpreter would look at all that is there, for as long again.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)

    from deploy.app import Flags, guarded

    asked = Flags(**flags) if flags else None  # type: ignore[arg-type]
    if asked:
        arguments = (*arguments, asked)

    def run() -> int:
        return int(getattr(import_module(f"deploy.app.{module}"), function)(*arguments))

    name = str(arguments[0]) if function == "operate" else function
    sys.exit(guarded(run, name, asked))


def lab(verb: str, app: int, root: str, topology: bool = False) -> None:
    """Call the lab on this machine, and end with its exit code."""
    from importlib import import_module

    sys.exit(import_module("tests.lab.__main__").main(verb, app, root, topology))


def parts_of_render() -> list[Task[Any]]:
    """A task a built-in target: what `render --program` does, by a name; nginx's knows more.

    No target is read, so --list is quick.
    """
    names = sorted(file.stem for file in _TARGETS.glob("*.yml"))
    return [_part(name) for name in names if name != "nginx"]


def _part(program: str) -> Task[Any]:
    def run(out: str, check: bool, **flags: object) -> None:
        end("render", "writing", out, check, program, **flags)

    run.__doc__ = f"Write the files of {program} only."
    name = f"render-{program.removesuffix('_server').replace('_', '-')}"
    return command("env", "limit", "out", "check", name=name)(run)


_TARGETS = Path(__file__).parent / "deploy" / "inventory" / "targets"
