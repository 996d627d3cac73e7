"""The one place where a person is asked: on a terminal only, and on standard error.

Standard output may be a program's; without a terminal nobody waits for an answer.
"""

from __future__ import annotations

import sys

from deploy.errors import DeployError, ExitCode


def ask(question: str, answer: str, *, why: str, hint: str, refusal: str) -> None:
    """Ask, and go on when that is the answer.

    Raises DeployError (usage): `refusal`, or, where there is no terminal to ask, `why` with `hint`.
    """
    if not sys.stdin.isatty():
        raise DeployError(
            f"{why}, and there is no terminal to ask", hint=hint, exit_code=ExitCode.USAGE
        )
    print(question, end=" ", file=sys.stderr, flush=True)
    if sys.stdin.readline().rstrip("\n") != answer:
        raise DeployError(refusal, exit_code=ExitCode.USAGE)
