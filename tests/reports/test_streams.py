"""Readers that are slow, gone, or of another encoding; and text that would steer a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import events
from deploy.events import Event
from deploy.reports import Broadcast
from deploy.reports.behind import Behind
from deploy.reports.clocks import Clocks
from deploy.reports.jsonl import JsonLines, read_events
from deploy.reports.streams import printable
from tests.reports.runs import large, recorded

PROJECT = Path(__file__).parents[2]
LINE = events.StepLogged("web1", "install_node", "a line")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;5Hmoved", "red and moved"),
        ("\x1b]0;a title\x07text\x1b]8;;http://x\x1b\\link", "textlink"),
        ("10 %\r50 %\r100 %\r", "100 %"),
        ("two\r\nlines", "two\nlines"),
        ("bell\x07 back\x08 nul\x00 c1\x9b2J", "bell back nul c12J"),
        ("a\tb", "a   b"),
        ("lone \ud800 half", "lone ? half"),
        ("naïve ✓ 日本", "naïve ✓ 日本"),
    ],
)
def test_what_a_command_printed_cannot_steer_the_terminal(printed: str, shown: str) -> None:
    assert printable(printed) == shown


class Stuck:
    """A report whose reader does not read, until it does."""

    def __init__(self) -> None:
        self.reads = threading.Event()
        self.drawn: list[Event] = []

    def take(self, event: Event) -> None:
        assert self.reads.wait(60)
        self.drawn.append(event)

    def close(self) -> None:
        """Nothing to close."""


def test_a_reader_that_does_not_read_keeps_nobody() -> None:
    """That this goes on at all is the proof; then all is read, in order."""
    stuck, record = Stuck(), io.StringIO()
    emit = Broadcast([Behind(stuck), JsonLines(record)])
    for event in (LINE,) * 5000:
        emit(event)
    assert len(record.getvalue().splitlines()) == 5000
    assert stuck.drawn == []
    stuck.reads.set()
    emit.close()
    assert len(stuck.drawn) == 5000


def test_what_is_drawn_late_is_told_with_the_time_when_it_happened() -> None:
    """Ctrl-S for a minute does not make the next stage one of no time."""
    clocks, stuck, told = Clocks(), Stuck(), []
    stuck.drawn = SimpleNamespace(append=lambda _: told.append(clocks.seconds()))
    emit = Broadcast([Behind(stuck, clocks)])
    for _ in range(3):
        emit(LINE)
        time.sleep(0.05)
    released = time.monotonic()
    stuck.reads.set()
    emit.close()
    assert max(told[1:]) < released
    assert told[2] - told[1] > 0.04


class Faulty(Stuck):
    """A report that cannot draw this and that."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault = fault

    def take(self, event: Event) -> None:
        if event == LINE:
            raise self.fault
        self.drawn.append(event)


@pytest.mark.parametrize("wrap", [lambda report: report, Behind], ids=["at once", "behind"])
def test_a_report_that_fails_ends_no_run(
    wrap: Callable[[Faulty], Faulty], capsys: pytest.CaptureFixture[str]
) -> None:
    record = io.StringIO()
    emit = Broadcast([wrap(Faulty(ValueError("cannot draw this"))), JsonLines(record)])
    for _ in range(3):
        emit(LINE)
    emit.close()
    assert len(list(read_events(record.getvalue().splitlines()))) == 3
    assert capsys.readouterr().err == "! Faulty cannot go on, the run does: cannot draw this\n"


def replay(tmp_path: Path, shell: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """`$replay` in that shell text shows the record of a large run."""
    record = tmp_path / "run.jsonl"
    record.write_text(recorded(large()), "utf-8")
    command = f"replay='{sys.executable} -m invoke replay --run {record}'; {shell}"
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["bash", "-c", command], cwd=PROJECT, env=environment, capture_output=True
    )


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    """The exit code is the command's own, and no traceback is left."""
    done = replay(tmp_path, "$replay --output json | head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 1


def test_a_standard_output_that_became_another_file_is_no_fault(tmp_path: Path) -> None:
    """Made for a file, it cannot seek in the pipe that it became."""
    program = (
        "import os, sys; print('made'); sys.stdout.flush(); os.dup2(2, 1)\n"
        "from deploy.app import guarded; raise SystemExit(guarded(lambda: print('done') or 0))"
    )
    with (tmp_path / "out").open("w") as out:
        words = [sys.executable, "-c", program]
        done = subprocess.run(words, cwd=PROJECT, stdout=out, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"done\n")


def test_an_encoding_without_the_marks_gets_others(tmp_path: Path) -> None:
    done = replay(tmp_path, "$replay; $replay --output json | tail -1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("ascii")
    assert "web27    x boot_release: worker 3 ended while it started" in text
    assert "> mend it, then deploy again" in text
    assert "+ switch_live" in text
    assert '"event": "run_finished"' in text


RUN_OUTPUT = """\
from deploy import events
from deploy.reports import Broadcast
from deploy.reports.behind import Behind
from deploy.reports.output import make_screen
emit = Broadcast([Behind(make_screen("json"))])
for _ in range(100):
    emit(events.StepLogged("web1", "install_node", "a line"))
emit.close()
"""


def test_a_run_goes_on_when_its_reader_goes_away() -> None:
    """The same for a run's own output, which a thread writes."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        done = subprocess.run(
            [sys.executable, "-c", RUN_OUTPUT], cwd=PROJECT, stdout=stream, stderr=subprocess.PIPE
        )
    assert (done.returncode, done.stderr) == (0, b"")


class Moving(Stuck):
    """A screen that tells when it was drawn again."""

    def __init__(self) -> None:
        super().__init__()
        self.reads.set()
        self.refreshed = threading.Event()

    def refresh(self) -> None:
        self.refreshed.set()

    def rest(self) -> None:
        self.refreshed.clear()


@pytest.mark.parametrize("is_busy", [True, False], ids=["events come", "nothing happens"])
def test_a_table_moves_whether_events_come_or_not(is_busy: bool) -> None:
    screen = Moving()
    emit = Broadcast([Behind(screen)])
    end = time.monotonic() + 60
    while not screen.refreshed.wait(0.01) and time.monotonic() < end:
        if is_busy:
            emit(LINE)
    assert screen.refreshed.is_set()
    emit.rest()
    assert len(screen.drawn) > 5 or not is_busy
    emit.close()
