"""The one root exception, and the exit codes that tell a pipeline what state the fleet is in.

Every error names what happened, where, and what to do next.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What `invoke` leaves behind for the shell; the same numbers in docs/ and in events."""

    DONE = 0
    """Done and proved, or nothing to do."""
    FAILED = 1
    """Failed, and the old code serves. Invoke's own parse errors end with this number too."""
    USAGE = 2
    """The inventory or a flag is wrong; no host was changed."""
    UNKNOWN = 3
    """Hosts are in a mixed or unknown state; a person has to look."""
    LOCKED = 4
    """Somebody else holds the environment's lock."""
    INTERRUPTED = 130
    """Ctrl-C."""
    TERMINATED = 143
    """SIGTERM."""


class DeployError(Exception):
    """A fault that a person can act on: what happened, on which host, in which step, what next.

    `details` holds further lines (the tail of a log, each fault of an inventory); `others` are
    faults of the same moment, on other hosts.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        host: str = "",
        step: str = "",
        details: tuple[str, ...] = (),
        others: tuple[DeployError, ...] = (),
        exit_code: ExitCode = ExitCode.FAILED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.host = host
        self.step = step
        self.details = details
        self.others = others
        self.exit_code = exit_code

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.host, self.step) if part)
        return f"{where}: {self.message}" if where else self.message


class Terminated(KeyboardInterrupt):
    """SIGTERM; handled as Ctrl-C is, with an exit code of its own."""
