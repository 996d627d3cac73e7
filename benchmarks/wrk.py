"""wrk at one address in the background: short requests on kept connections, as fast as allowed.

Its own report names no status; wrk.lua prints a line that does.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.lab.accounts import program

_SCRIPT = Path(__file__).with_suffix(".lua")
_OUTCOMES = re.compile(r"^outcomes:((?: \w+=\d+)+)$", re.MULTILINE)
_LONGEST = 900
"""Seconds after which it ends by itself."""


@dataclass(slots=True)
class Wrk:
    """Runs while the `with` block lasts; then `outcomes` are counted."""

    url: str
    connections: int = 8
    pause: int = 40
    """Milliseconds before each request of a connection: two cores carry hosts and clients."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """By status, or `connect`, `read`, `write`, `timeout`."""
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Wrk:
        flags = ["-t1", f"-c{self.connections}", f"-d{_LONGEST}s", "--timeout", "30s"]
        self._process = subprocess.Popen(
            [program("wrk"), *flags, "-s", str(_SCRIPT), self.url, "--", str(self.pause)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)  # wrk ends with its report
        try:
            said, _ = self._process.communicate(timeout=30)
        finally:
            self._process.kill()
        self.outcomes.update(parse_outcomes(said))


def parse_outcomes(said: str) -> Counter[str]:
    """What wrk.lua counted. Raises RuntimeError that holds the output when it is not there."""
    found = _OUTCOMES.search(said)
    if found is None:
        raise RuntimeError(f"wrk counted nothing: {said.strip()}")
    counts: Counter[str] = Counter()
    for pair in found[1].split():
        kind, _, count = pair.partition("=")
        counts[kind] += int(count)
    return +counts
