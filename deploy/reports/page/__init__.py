"""A run's record as a page: what happened, drawn from its events alone; no host is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from deploy.events import FileCompared, HostFailed
from deploy.reports.page.comparison import compare_plan
from deploy.reports.page.story import tell
from deploy.reports.page.timeline import NARROW, WIDE, draw_timeline
from deploy.reports.page.traffic import draw_traffic, summarize
from deploy.reports.records import Timed

T = TypeVar("T", FileCompared, HostFailed)
TEMPLATE = "report/report.html.j2"


def page_values(timed: Sequence[Timed]) -> dict[str, Any]:
    """What the template needs of a record that holds at least one event."""
    story = tell(timed)
    widths = (("wide", WIDE), ("narrow", NARROW))
    return {
        "story": story,
        "timelines": [(name, draw_timeline(story, width)) for name, width in widths],
        "traffic": [
            (one, summarize(one), [(name, draw_traffic(one, width)) for name, width in widths])
            for one in story.traffic
        ],
        "plan": compare_plan(story),
        "files": group_alike(story.files),
        "failures": group_alike(story.failures),
    }


def group_alike(found: Sequence[T]) -> list[tuple[list[str], T]]:
    """What is the same on several hosts stands once, with all of them."""
    groups: dict[T, tuple[list[str], T]] = {}
    for one in found:
        groups.setdefault(replace(one, host=""), ([], one))[0].append(one.host)
    return list(groups.values())
