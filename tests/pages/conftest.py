"""A Chromium for the tests of pages, and axe, which knows what hinders people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import toolchain
from tests.pages.browser import DESKTOP, TELEPHONE, Page, browser

AXE = ("axe-core", "4.10.3")
GRAVE = ("serious", "critical")
LOOKS = (
    (DESKTOP, False, ""),
    (DESKTOP, True, "color-contrast"),
    (TELEPHONE, False, "scrollable-region-focusable"),
)
"""Width, darkness, and which rule of axe can find something else there; none: all of them."""

UNREACHED = """
[...document.querySelectorAll('*')].filter(
  one => /auto|scroll/.test(getComputedStyle(one).overflowX) && one.tabIndex < 0
).map(one => one.outerHTML.slice(0, 120))
"""
"""What may scroll, wide enough today or not, and is not reached with the keyboard."""


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def axe() -> str:
    """Its source."""
    directory = toolchain.package(*AXE, toolchain.provide_node(29))
    return (directory / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def grave(page: Page, axe: str, rule: str = "") -> list[str]:
    """What axe, or one rule of it, has against the page, as far as it hinders people.

    Axe looks at what scrolls with this content; whatever else may scroll is looked at as well.
    """
    page.run(axe)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rule:
        options["runOnly"] = {"type": "rule", "values": [rule]}
    asked = f"axe.run({json.dumps(options)}).then(found => found.violations)"
    found: list[dict[str, Any]] = page.run(asked)
    unreached: list[str] = page.run(UNREACHED)
    return unreached + [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
