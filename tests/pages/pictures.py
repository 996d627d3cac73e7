"""The pictures of the README: the report, as Chromium shows it, and the terminal, of the good run.

python -m tests.pages.pictures
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.app.reporting import report
from deploy.reports import capture
from tests.pages.browser import browser
from tests.pages.record import RECORDS

DOCS = Path(__file__).parents[2] / "docs"
RUN = RECORDS / "good.jsonl"
HEIGHT = 1130
"""Pixels from the top: down to the traffic of the first host."""
SECONDS = "9.79"
"""When the second batch starts its release."""


def main() -> None:
    """Write docs/report.png and docs/demo.svg."""
    with TemporaryDirectory() as directory, browser() as page:
        file = Path(directory, "report.html")
        report(str(RUN), str(file))
        page.open(file)
        page.picture(DOCS / "report.png", height=HEIGHT)
    draw_terminal(DOCS / "demo.svg")


def draw_terminal(target: Path) -> None:
    """The table that moves, at that moment of the run."""
    capture.main(str(RUN), str(target), SECONDS)


if __name__ == "__main__":
    main()
