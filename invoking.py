"""How a function becomes a task of Invoke, and a task a call of deploy.app."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature
from typing import Any

from invoke.tasks import Task

from deploy.app.flags import FLAGS


def command(*flags: str, name: str | None = None) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a task of a function that takes these flags, in this order.

    Invoke reads the signature of what it calls, and the first letters are taken in that order.
    """
    signature = Signature(
        [
            Parameter(one, Parameter.POSITIONAL_OR_KEYWORD, default=default)
            for one, default in [("_", Parameter.empty), *((f, FLAGS[f][0]) for f in flags)]
        ]
    )

    def make(body: Callable[..., None]) -> Task[Any]:
        @wraps(body)
        def run(*given: object, **named: object) -> None:
            bound = signature.bind(*given, **named)
            bound.apply_defaults()
            body(**{one: bound.arguments[one] for one in flags})

        run.__signature__ = signature  # type: ignore[attr-defined]
        return Task(run, name=name, help={f: FLAGS[f][1] for f in flags})

    return make


def end(function: str, module: str, *arguments: object, **flags: object) -> None:
    """Call a task of deploy.app and end with its exit code; imported late, so --list is quick."""
    import gc
    from importlib import import_module

    # Nothing dies while modules load: looking for garbage would be a tenth of the start.
    gc.set_threshold(100_000)

    from deploy.app import Flags, guarded

    if flags:
        arguments = (*arguments, Flags(**flags))  # type: ignore[arg-type]

    def run() -> int:
        return int(getattr(import_module(f"deploy.app.{module}"), function)(*arguments))

    sys.exit(guarded(run))


def lab(verb: str, app: int, root: str) -> None:
    """Call the lab on this machine, and end with its exit code."""
    from importlib import import_module

    sys.exit(import_module("tests.lab.__main__").main(verb, app, root))
