"""The report of the README, as a picture: what Chromium shows of the recorded good run.

python -m tests.pages.pictures
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.app.reporting import report
from tests.pages.browser import browser
from tests.pages.record import RECORDS

PICTURE = Path(__file__).parents[2] / "docs" / "report.png"
HEIGHT = 1130
"""Pixels from the top: down to the traffic of the first host."""


def main() -> None:
    """Write docs/report.png."""
    with TemporaryDirectory() as directory, browser() as page:
        file = Path(directory, "report.html")
        report(str(RECORDS / "good.jsonl"), str(file))
        page.open(file)
        page.picture(PICTURE, height=HEIGHT)


if __name__ == "__main__":
    main()
