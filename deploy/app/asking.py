"""The one place where a person is asked: on a terminal only, and on standard error.

Standard output may be a program's; without a terminal nobody waits for an answer.
"""

from __future__ import annotations

import sys

from deploy.errors import DeployError, ExitCode


def can_ask() -> bool:
    """Somebody sits at a terminal."""
    return sys.stdin.isatty()


def ask_for(question: str, *, why: str, hint: str) -> str:
    """What a person types. Raises DeployError (usage): `why` with `hint`, where nobody can."""
    if not can_ask():
        raise DeployError(
            f"{why}, and there is no terminal to ask", hint=hint, exit_code=ExitCode.USAGE
        )
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().rstrip("\n")


def ask(question: str, answer: str, *, why: str, hint: str, refusal: str) -> None:
    """Ask, and go on when that is the answer.

    Raises DeployError (usage): `refusal`, or, where there is no terminal to ask, `why` with `hint`.
    """
    if ask_for(question, why=why, hint=hint) != answer:
        raise DeployError(refusal, exit_code=ExitCode.USAGE)
