"""A run as Markdown, for the page of a CI job: a row a host, what failed with its last lines."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy import events
from deploy.reports.streams import printable

_FAULTS = 10
"""Failures whose last lines are shown; a page of GitHub's holds 1 MiB."""
_ENTITIES = {ord(char): f"&#{ord(char)};" for char in "|`*_[]\\~"}


def summary(
    begun: events.RunStarted,
    ended: events.RunFinished,
    faults: Sequence[events.HostFailed],
    warnings: Sequence[events.Warned],
    record: Path | None,
    page: str = "",
) -> str:
    """The page; `page` is another, the report of the run. Text of hosts is shown as it is, and is never markup."""
    revision = f" {begun.revision[:10]}" if begun.revision else ""
    mark = "✅" if ended.exit_code == 0 else "❌"
    lines = [
        f"## {mark} {_cell(begun.task)}{revision} to {_cell(begun.environment)}",
        f"{_cell(ended.message.partition(chr(10))[0])} · {ended.seconds:.1f} s"
        f" · exit code {ended.exit_code}",
        "",
        *_table(ended, faults),
        *_last_lines(faults),
        *(f"- ⚠ {_cell(one.host + ': ' if one.host else '')}{_cell(one.text)}" for one in warnings),
    ]
    if page:
        lines += ["", f"The run as a page: `{page}`"]
    if record:
        lines += ["", f"Every event: `{record}` (`invoke replay --run {record.stem}`)"]
    return "\n".join(lines) + "\n\n"


def _table(ended: events.RunFinished, faults: Sequence[events.HostFailed]) -> Iterator[str]:
    """States of hosts, with the step and the reason where one failed; what concerns all is last."""
    first = {one.host: one for one in reversed(faults)}
    hosts = [*ended.hosts, *(name for name in first if name not in ended.hosts)]
    if not hosts:
        return
    yield "| host | state | failed step | why |\n|---|---|---|---|"
    for name in hosts:
        fault = first.get(name)
        step, why = (fault.step, fault.message) if fault else ("", "")
        cells = (name or "all", ended.hosts.get(name, ""), step, why)
        yield "| " + " | ".join(map(_cell, cells)) + " |"
    yield ""


def _last_lines(faults: Sequence[events.HostFailed]) -> Iterator[str]:
    told = {(one.step, one.message, one.hint): one for one in reversed(faults)}
    for one in list(reversed(told.values()))[:_FAULTS]:
        where = _cell(" on ".join(part for part in (one.step, one.host) if part) or "the run")
        if one.tail:
            text = html.escape(printable("\n".join(one.tail)))
            yield f"<details open><summary>The last lines of {where}</summary>"
            yield f"\n<pre>{text.replace(chr(10), '&#10;')}</pre>\n</details>\n"
        if one.hint:
            yield f"**{where}**: {_cell(one.hint)}\n"


def _cell(text: str) -> str:
    """Text within a line: nothing of it is markup or ends the line."""
    return html.escape(printable(text)).translate(_ENTITIES).replace("\n", " ")
