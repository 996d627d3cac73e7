"""How a file that differs is told: line by line, or as numbers; and what is secret never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.app.comparing import compare
from deploy.secrets import Masks
from deploy.strategies.configure import Part
from tests.unit.test_configure import LAST, OWN, RIGHT, RIGHT_B, A, B, load, part


def told(one: Part, masks: Masks, *, whole: bool = True) -> tuple[str, tuple[str, ...]]:
    event = compare("web1", one.compared[1], masks, whole=whole)
    return event.verdict, event.diff


def is_drawn(one: Part, *, whole: bool) -> bool:
    """Whether a person is shown the lines; the record holds them anyway."""
    return compare("web1", one.compared[1], Masks(), whole=whole).whole


def test_a_difference_is_told_line_by_line_or_as_numbers(tmp_path: Path) -> None:
    there = replace(RIGHT_B, content=b"one\n\x1b[2Jtwo", mode="0600")
    one = part(tmp_path, load(tmp_path, OWN), {A: RIGHT, B: there})
    verdict, diff = told(one, Masks())
    assert verdict == "changed, not installed by configure before:"
    assert diff == (
        "-mode 0600",
        "+mode 0644",
        "--- there",
        "+++ to be",
        "@@ -1,2 +1 @@",
        "-one",
        "-\N{REPLACEMENT CHARACTER}[2Jtwo (no newline at the end)",
        "+b",
    )
    assert told(one, Masks(), whole=False) == (f"{verdict} +2 -3", diff)
    assert (is_drawn(one, whole=True), is_drawn(one, whole=False)) == (True, False)


def test_a_hand_edit_is_always_told_line_by_line(tmp_path: Path) -> None:
    there = replace(RIGHT_B, content=b"mine\n")
    one = part(tmp_path, load(tmp_path, OWN), {A: RIGHT, B: there}, installed={B: LAST})
    assert told(one, Masks(), whole=False) == (
        "changed by hand since 2023-11-14T22:13:20Z",
        ("--- installed", "+++ there", "@@ -1 +1 @@", "-old", "+mine"),
    )


def test_what_force_throws_away_is_told_with_what_comes_instead(tmp_path: Path) -> None:
    """Found: the edit was shown, and not the lines of the inventory that were installed over it."""
    there = replace(RIGHT_B, content=b"mine\n")
    one = part(tmp_path, load(tmp_path, OWN), {A: RIGHT, B: there}, installed={B: LAST})
    event = compare("web1", one.compared[1], Masks(), whole=False, forced=True)
    assert event.verdict == "changed by hand since 2023-11-14T22:13:20Z, which goes"
    assert event.diff == ("--- there", "+++ to be", "@@ -1 +1 @@", "-mine", "+b")
    assert event.whole


def test_a_secret_file_is_two_hashes(tmp_path: Path) -> None:
    program = {"files": {**OWN["files"], "b.conf": {**OWN["files"]["b.conf"], "secret": True}}}
    masks = Masks()
    one = part(tmp_path, load(tmp_path, program), {A: RIGHT, B: replace(RIGHT_B, content=b"x")})
    _, diff = told(one, masks)
    new = masks.hash("b\n")
    assert diff[-2:] == (f"-«secret {masks.hash('x')}»", f"+«secret {new}»")
    assert masks.hash("x") != Masks().hash("x"), "the key is the run's own"


def test_a_secret_value_in_any_other_file_is_a_hash() -> None:
    masks = Masks()
    masks.add({"TOKEN": "s3cr3t", "KEY": "-----\nabcdef\nxy\n", "SHORT": "abc"})
    assert masks.hide("a s3cr3t abcdef abc xy") == (
        f"a «TOKEN {masks.hash('s3cr3t')}» «KEY {masks.hash('abcdef')}» abc xy"
    )
