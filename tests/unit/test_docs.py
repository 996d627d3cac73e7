"""The pages name what there is: every rule, task and exit code; and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tasks
from deploy.checks.preflight import RULES
from deploy.errors import ExitCode
from deploy.inventory.programs import target_names

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_every_rule_has_a_section_on_how_to_mend_it(rule: str) -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    assert f"### `{rule}`\n" in text


def test_the_page_of_check_names_every_rule() -> None:
    text = (ROOT / "docs" / "check.md").read_text("utf-8")
    missing = [
        rule.id for rule in RULES if f"[`{rule.id}`](troubleshooting.md#{rule.id})" not in text
    ]
    assert missing == []


def test_the_readme_names_every_task() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    # A default task is called by its collection's name: inventory, not inventory.show.
    names = {name.removesuffix(".show") for name in tasks.namespace.task_names}
    missing = [name for name in names if f"`{name}" not in text]
    assert missing == []


def test_the_readme_tells_every_exit_code() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))
    missing = [code for code in ExitCode if not re.search(rf"\b{int(code)}\b", rows)]
    assert missing == []


@pytest.mark.parametrize("target", target_names())
def test_every_target_has_a_page(target: str) -> None:
    """Its row in the table of targets leads to the page that has its knobs and its faults."""
    lines = (ROOT / "docs/configure.md").read_text("utf-8").splitlines()
    rows = [one for one in lines if one.startswith("| `") and f"`{target}`" in one.split("|")[1]]
    pages = {page for row in rows for page in re.findall(r"\]\(([a-z-]+\.md)", row)}
    assert len(pages) == 1, rows
    text = (ROOT / "docs" / pages.pop()).read_text("utf-8")
    assert re.search(rf"\b{target}\b", text)
    assert "| default |" in text or "## When it says no" in text or "## What `--check`" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub("`[^`\n]+`", "", page.read_text("utf-8"))  # code is no link
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    broken = [target for target in targets if not _leads_somewhere(page, target)]
    assert broken == []


def test_every_lie_is_in_the_catalogue() -> None:
    text = (ROOT / "docs" / "proof.md").read_text("utf-8")
    modules = sorted(ROOT.glob("tests/lies/test_lies_*.py"))
    lies = [lie for one in modules for lie in re.findall(r"def (test_\w+)", one.read_text("utf-8"))]
    assert len(lies) > 15
    assert [lie for lie in lies if f"`{lie}`" not in text] == []


def _leads_somewhere(page: Path, target: str) -> bool:
    if target.startswith("http"):
        return True
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    """As the web pages of git hosts make them from headings."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
