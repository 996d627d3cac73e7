"""The record of a run can be read again and drawn, and docs/events.md says what events say."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree

from deploy import events
from deploy.reports import Broadcast
from deploy.reports.capture import picture
from deploy.reports.jsonl import JsonLines, read_events
from deploy.reports.reference import PAGE, reference

RUN: tuple[events.Event, ...] = (
    events.RunStarted("r1", "deploy", "lab", ("web1", "web2"), "ab" * 20),
    events.StageStarted("prepare", 1, 1, ("web1", "web2")),
    events.StepLogged("web1", "install_node", "added 136 packages & <more>"),
    events.StepLogged("web1", "install_node", ""),
    events.StepFinished("web1", "prepare", "install_node", "changed", 1.5),
    events.HostFailed("web2", "run_build_1", "ended with code 2", "mend it", ("line 1", "line 2")),
    events.RunFinished("r1", 1, "failed: the old code serves", 3.2, {"web1": "old", "web2": "old"}),
)


def record(run: tuple[events.Event, ...] = RUN) -> str:
    stream = io.StringIO()
    report = JsonLines(stream)
    for event in run:
        report.take(event)
    return stream.getvalue()


def test_a_record_reads_back_as_the_events_that_made_it() -> None:
    assert tuple(read_events(record().splitlines())) == RUN


def test_a_record_of_a_newer_version_is_read_without_what_is_new() -> None:
    newer = record().replace('"task":', '"since_9": 1, "task":')
    unknown = '{"time": "2026-11-23T22:00:00.000+00:00", "event": "moon_landed", "host": "web1"}'
    assert tuple(read_events([unknown, *newer.splitlines()])) == RUN


def test_what_is_said_after_the_end_is_not_drawn() -> None:
    """By a thread that nobody waited for; a report that is closed cannot draw it."""
    stream = io.StringIO()
    emit = Broadcast([JsonLines(stream)])
    emit(RUN[0])
    emit.close()
    emit(RUN[1])
    assert tuple(read_events(stream.getvalue().splitlines())) == RUN[:1]


def test_the_picture_is_xml_that_shows_the_run_and_fetches_nothing() -> None:
    svg = picture(RUN, "invoke deploy --env lab")
    shown = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")  # noqa: S314
    for text in (
        "$ invoke deploy --env lab",
        "deploy ababababab",
        "added 136 packages & <more>",
        "✗ run_build_1: ended with code 2",
        "→ mend it",
        "failed: the old code serves",
    ):
        assert text in shown
    assert "@font-face" not in svg


def test_an_empty_line_of_a_log_is_not_drawn() -> None:
    full, without = RUN, (*RUN[:3], *RUN[4:])
    assert picture(full, "x") == picture(without, "x")


def test_the_page_of_events_is_current() -> None:
    """Made by `python -m deploy.reports.reference`."""
    assert PAGE.read_text("utf-8") == reference()
    assert reference().count("## run_started\n") == 1
