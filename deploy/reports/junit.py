"""A run as JUnit XML, which every CI shows: a suite a host, a case a step.

The file is written when the run ends, whichever way; one that was killed leaves none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from deploy import events
from deploy.events import Event
from deploy.reports.streams import printable

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


@dataclass(slots=True)
class _Case:
    """One step on one host."""

    name: str
    seconds: float = 0.0
    message: str = ""
    """Why it failed; empty: it did not."""
    text: str = ""


@dataclass(slots=True)
class JUnit:
    """Collects cases, and writes `path` in the end."""

    path: Path
    _begun: events.RunStarted = field(default_factory=lambda: events.RunStarted("", "", "", ()))
    _at: str = ""
    _suites: dict[str, list[_Case]] = field(default_factory=dict)
    _end: _Case | None = None

    def take(self, event: Event) -> None:
        """Keep what becomes a case."""
        if isinstance(event, events.RunStarted):
            self._begun = event
            self._at = datetime.now(timezone.utc).isoformat(timespec="seconds")[:19]
        elif isinstance(event, events.StepFinished):
            failed = "failed" if event.outcome == "failed" else ""
            name = f"{event.stage}: {event.step}"
            self._add(event.host, _Case(name, event.seconds, failed))
        elif isinstance(event, events.StepUndone):
            failed = "" if event.succeeded else "could not be undone"
            self._add(event.host, _Case(f"undo: {event.step}", message=failed))
        elif isinstance(event, events.HostFailed):
            self._fail(event)
        elif isinstance(event, events.RunFinished):
            failed = event.message if event.exit_code else ""
            self._end = _Case(self._begun.task, event.seconds, failed)

    def close(self) -> None:
        """Write the file."""
        end = self._end or _Case(self._begun.task, message="ended without a word")
        document = JUnitXml("invoke")
        for host, cases in {**self._suites, "run": [*self._suites.get("run", ()), end]}.items():
            document.add_testsuite(self._suite(host, cases))
        document.update_statistics()  # type: ignore[no-untyped-call]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        document.write(str(self.path), pretty=True)

    def _add(self, host: str, case: _Case) -> None:
        self._suites.setdefault(host or "run", []).append(case)

    def _fail(self, event: events.HostFailed) -> None:
        """Why, on the case of the step that failed; a case of its own where no step had begun."""
        text = "\n".join((*event.tail, *([f"→ {event.hint}"] if event.hint else [])))
        for case in reversed(self._suites.get(event.host or "run", [])):
            if case.message == "failed" and case.name.endswith(f": {event.step}"):
                case.message, case.text = event.message, text
                return
        name = f"failed: {event.step}" if event.step else "failed"
        self._add(event.host, _Case(name, message=event.message, text=text))

    def _suite(self, host: str, cases: list[_Case]) -> TestSuite:
        suite = TestSuite(_xml(host))
        suite.timestamp = self._at
        suite.add_testcases([self._test(host, case) for case in cases])
        return suite

    def _test(self, host: str, case: _Case) -> TestCase:
        """Jenkins takes what stands before the last full stop for a package."""
        place = f"{self._begun.environment}.{host.replace('.', '_')}"
        test = TestCase(_xml(case.name), classname=_xml(place), time=case.seconds)
        if case.message:
            failure = Failure(_xml(case.message), "failed")
            failure.text = _xml(case.text)
            test.result = [failure]
        return test


def _xml(text: str) -> str:
    return _NOT_XML.sub("?", printable(text))
