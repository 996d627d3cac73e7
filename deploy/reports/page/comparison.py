"""Plan against what happened: each planned step and who did it, and what nobody planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.reports.page.story import HERE, Bar, Story, hosts_text

_WORDS = {"changed": "done", "unchanged": "nothing to do"}


@dataclass(frozen=True, slots=True)
class Happened:
    """What became of a step on some hosts."""

    word: str
    """`done`, `nothing to do`, `failed`, `undone`, `not undone`, `cut off` or `not reached`."""
    hosts: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a stage's batch."""

    step: str
    title: str
    planned: str
    happened: tuple[Happened, ...]
    seconds: float | None
    """On the host on which it took longest; None where it began nowhere."""


@dataclass(frozen=True, slots=True)
class StageRows:
    """The steps of one stage on one batch, or those that were in no plan."""

    name: str
    rows: tuple[StepRow, ...]


def compare_plan(story: Story) -> list[StageRows]:
    """Stage by stage in the order of the plans; what was in none stands at the end."""
    done = {(bar.host, bar.stage, bar.step): bar for bar in story.bars if bar.outcome != "looked"}
    stages: list[StageRows] = []
    for plan in story.plans:
        for stage in plan["stages"]:
            stages += _stage(stage, done, story)
    left = _unplanned(done.values(), story)
    return [*stages, *([StageRows("in no plan", left)] if left else [])]


def _stage(
    stage: Mapping[str, Any], done: dict[tuple[str, str, str], Bar], story: Story
) -> Iterator[StageRows]:
    """Takes out of `done` what was planned."""
    count = len(stage["batches"])
    for number, batch in enumerate(stage["batches"], 1):
        found = {
            host or HERE: {step["id"]: step["title"] for step in steps}
            for host, steps in batch.items()
        }
        titles = {step: title for steps in found.values() for step, title in steps.items()}
        rows = []
        for step, title in titles.items():
            hosts = [host for host, steps in found.items() if step in steps]
            bars = {host: done.pop((host, stage["name"], step), None) for host in hosts}
            rows.append(_row(step, title, bars, story))
        of = f", batch {number} of {count}" if count > 1 else ""
        yield StageRows(f"{stage['name']}{of}", tuple(rows))


def _unplanned(bars: Iterable[Bar], story: Story) -> tuple[StepRow, ...]:
    found: dict[tuple[str, str], dict[str, Bar | None]] = {}
    for bar in bars:
        found.setdefault((bar.stage, bar.step), {})[bar.host] = bar
    return tuple(_row(step, stage, by_host, story) for (stage, step), by_host in found.items())


def _row(step: str, title: str, bars: Mapping[str, Bar | None], story: Story) -> StepRow:
    words: dict[str, list[str]] = {}
    for host, bar in bars.items():
        word = _WORDS.get(bar.outcome, bar.outcome) if bar else "not reached"
        words.setdefault(word, []).append(host)
    every = len(story.hosts)
    times = [bar.seconds for bar in bars.values() if bar]
    happened = tuple(Happened(word, hosts_text(hosts, every)) for word, hosts in words.items())
    return StepRow(step, title, hosts_text(bars, every), happened, max(times, default=None))
