"""Ctrl-C and SIGTERM while hosts are being changed: noted, and acted on in order, never raised.

A third one is a person who insists: it gives up, and says that the state is not known.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from deploy.errors import DeployError, ExitCode, Terminated

_PATIENCE = 2
"""Signals that are noted; the next one gives up."""


class Interrupts:
    """Takes both signals as long as its `with` block lasts, in the main thread."""

    def __init__(self) -> None:
        self.first: KeyboardInterrupt | None = None
        self.count = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @property
    def exit_code(self) -> ExitCode:
        """By the first signal."""
        return ExitCode.TERMINATED if isinstance(self.first, Terminated) else ExitCode.INTERRUPTED

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.first is None:
            self.first = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        if self.count > _PATIENCE:
            raise DeployError(
                "given up before every host was back",
                hint="look with `invoke status`; the hosts go on with what they were told",
                exit_code=ExitCode.UNKNOWN,
            )
