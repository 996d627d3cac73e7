"""A Chromium for the tests of pages, and axe, which knows what hinders people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import toolchain
from tests.pages.browser import Page, browser

AXE = ("axe-core", "4.10.3")
GRAVE = ("serious", "critical")


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def axe() -> str:
    """Its source."""
    directory = toolchain.package(*AXE, toolchain.provide_node(29))
    return (directory / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def grave(page: Page, axe: str) -> list[str]:
    """What axe has against the page, as far as it hinders people."""
    page.run(axe)
    found: list[dict[str, Any]] = page.run("axe.run().then(found => found.violations)")
    return [
        f"{one['id']}: {node['html']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
