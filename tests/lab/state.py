"""lab.json: what a later process needs to know a lab, and to end it.

Written before anything is started, and again after each daemon.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.lab.processes import Process, find
from tests.lab.site import Site


@dataclass(frozen=True, slots=True)
class Service:
    """A daemon that the lab started."""

    name: str
    pid: int
    start: int
    """Clock ticks since boot: with the pid, the process's identity."""

    @property
    def process(self) -> Process | None:
        """The process, if it still is that one and lives."""
        process = find(self.pid)
        return process if process and process.start == self.start else None


@dataclass(frozen=True, slots=True)
class State:
    """The state file of one lab; absent where no lab is up."""

    path: Path

    def exists(self) -> bool:
        """A lab was brought up there, and not taken down."""
        return self.path.exists()

    def site(self) -> Site | None:
        """Where that lab's parts are."""
        kept = self._read()
        if not kept:
            return None
        about = (kept["app"], kept["subnet"], kept["strategy"], kept.get("topology", False))
        return Site(self.path.parent, *about)

    def services(self) -> list[Service]:
        """The daemons that were started, in that order."""
        return [Service(**one) for one in self._read().get("services", ())]

    def create(self, site: Site) -> None:
        """A lab is about to be made."""
        about = {name: getattr(site, name) for name in ("app", "subnet", "strategy", "topology")}
        self._write({**about, "services": []})

    def add(self, service: Service) -> None:
        """A daemon was started, perhaps in the place of one that ended."""
        kept = self._read()
        others = [one for one in kept["services"] if one["name"] != service.name]
        self._write({**kept, "services": [*others, asdict(service)]})

    def _read(self) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        return kept

    def _write(self, kept: dict[str, Any]) -> None:
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(kept, indent=1))
        partial.rename(self.path)
