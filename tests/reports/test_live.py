"""The live table at any moment of a run, on screens of many sizes; and how it makes room."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rich.console import Console

from deploy import events
from deploy.reports.board import GATE, Board
from deploy.reports.capture import moment
from deploy.reports.frame import Frame, draw
from deploy.reports.live import LiveTerminal
from tests.pages.pictures import DOCS, draw_terminal
from tests.reports.runs import TAIL, Timed, large

RUN = large()
SIZES = [(60, 24), (100, 30), (40, 8), (200, 60), (30, 3)]
SHOW_CURSOR = "\x1b[?25h"


def boards(run: list[Timed] = RUN) -> Iterator[Board]:
    """The board after each event; its clock is the run's."""
    at = 0.0
    board = Board(lambda: at)
    for at, event in run:  # noqa: B007  # the clock reads it
        board.take(event)
        yield board


def test_the_gate_is_a_step_that_there_is() -> None:
    """Its name is all that the board knows of it."""
    verbs = (Path(__file__).parents[2] / "deploy" / "remote" / "gate.sh").read_text("utf-8")
    assert f"\n{GATE}() {{" in verbs


def text_of(frame: Frame, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(frame)
    return [line.rstrip() for line in captured.get().splitlines()]


def at_event(kind: type[events.Event], number: int) -> Board:
    """The board right after the n-th event of a kind, from 0."""
    found = -1
    for board, (_, event) in zip(boards(), RUN, strict=True):
        found += isinstance(event, kind)
        if found == number:
            return board
    raise AssertionError(f"no {kind.__name__} {number}")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_table_fits_the_screen_and_no_host_is_lost(width: int, height: int) -> None:
    for number, board in enumerate(boards()):
        if number % 97:
            continue
        lines = text_of(draw(board, width, height), width)
        assert max(map(len, lines)) <= width - 3  # a ^C fits behind
        assert len(lines) <= max(height - 1, 4)
        named = [line for line in lines if " web" in line and "more" not in line]
        counted = [int(line.split()[1]) for line in lines if line.startswith("… ")]
        assert len(named) + sum(counted) == len(board.rows)


def test_a_host_that_failed_stands_on_a_screen_that_has_room_for_few() -> None:
    board = at_event(events.HostFailed, 0)
    lines = text_of(draw(board, 60, 8), 60)
    assert any(line.startswith("✗ web27 boot_release") for line in lines)


def test_batches_and_the_gate_stand_in_the_first_line() -> None:
    board = at_event(events.StageStarted, 2)  # prepare, and the second batch of activate
    assert text_of(draw(board, 80, 24), 80)[0].startswith("activate ✓▶○○○ batch 2 of 5 · 0:03")
    board.take(events.StepStarted("web2", "activate", "watch_gate"))
    assert " batch 2 of 5 · gate · " in text_of(draw(board, 80, 24), 80)[0]


def test_the_table_of_few_hosts() -> None:
    """As a person sees it."""
    run = large(4, 2, "web3")
    at = 0.0
    board = Board(lambda: at)
    for at, event in run:  # noqa: B007  # the clock reads it
        board.take(event)
        if isinstance(event, events.StageStarted) and event.batch == 2:
            break
    board.take(events.StepStarted("web2", "activate", "boot_release"))
    board.take(events.StepNoted("web2", "boot_release", "not yet: \x1b[31m1\x1b[0m of 2 run"))
    at += 65
    assert text_of(draw(board, 60, 24), 60) == [
        "activate ✓▶ batch 2 of 2 · 1:08 · 1:20 in all",
        "✓ web1 done",
        "▶ web2 boot_release 1:05 not yet: 1 of 2 run",
        "▶ web3 activate     1:05",
        "▶ web4 activate     1:05",
    ]


def draw_all(run: list[Timed], width: int = 80) -> tuple[LiveTerminal, io.StringIO]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=24, force_terminal=True, color_system=None)
    report = LiveTerminal(console)
    for _, event in run:
        report.take(event)
    return report, stream


def test_a_failure_stays_with_its_last_lines_and_what_to_do() -> None:
    _, stream = draw_all(RUN)
    text = stream.getvalue()
    for line in ("✗ boot_release: worker 3 ended", *TAIL, "→ mend it, then deploy again"):
        assert text.count(line) >= 1, line
    assert "old    40: web1," in text
    assert "failed: the old code serves on every host" in text.rstrip().splitlines()[-1]


def test_the_terminal_in_the_readme_is_the_recorded_run(tmp_path: Path) -> None:
    """`python -m tests.pages.pictures` draws it anew."""
    drawn = tmp_path / "demo.svg"
    draw_terminal(drawn)
    assert drawn.read_text("utf-8") == (DOCS / "demo.svg").read_text("utf-8")


def test_a_moment_of_a_recorded_run_is_a_picture() -> None:
    """What stands in the README: the lines that stay, and the table as it was then."""
    start = datetime(2026, 11, 29, tzinfo=timezone.utc)
    moments = [(start + timedelta(seconds=at), event) for at, event in large(3, 2, "web3")]
    svg = moment(moments, 13.0, "invoke deploy --env production")
    shown = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")  # noqa: S314
    for text in ("$ invoke deploy", "prepare", "▶", " batch 1 of 2", "switch_live"):
        assert text in shown
    assert "✗" not in shown


def test_nothing_moves_while_somebody_is_asked_nor_after_the_end() -> None:
    report, stream = draw_all(RUN[:200])
    report.refresh()
    assert not stream.getvalue().endswith(SHOW_CURSOR)
    report.rest()
    said = stream.getvalue()
    assert "\x1b[2K" in said[-400:]  # the table is taken away
    assert SHOW_CURSOR in said[-400:]
    report.refresh()
    assert stream.getvalue() == said
    report.take(events.RunFinished("r40", 0, "done", 1.0))
    assert stream.getvalue().endswith("done 1.0 s\n")
    report.close()


def test_a_screen_that_became_narrower_is_cleared_of_what_it_wrapped() -> None:
    """A row of 80 columns takes two lines of 60: one line up more for each."""
    report, stream = draw_all(large(3, 2, "web3")[:20])
    report.refresh()
    assert report._frame
    lines, before = report._frame.lines, len(stream.getvalue())
    wrapped = report._frame.lines_when(60)
    report._console.width = 60
    report.refresh()
    assert wrapped == lines + 3
    assert f"\x1b[{wrapped - 1}A\x1b[J\x1b[{lines - 1}B" in stream.getvalue()[before:]
