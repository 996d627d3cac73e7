"""The time that reports tell: this machine's, or, for what is drawn late, when it happened."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class Clocks:
    """This machine's clocks, `late` seconds ago: what is drawn now happened then."""

    def __init__(self) -> None:
        self.late = 0.0

    def seconds(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic() - self.late

    def now(self) -> datetime:
        """The time of day, in this machine's zone."""
        return datetime.now().astimezone() - timedelta(seconds=self.late)
