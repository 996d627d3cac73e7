"""A fleet as it is, for a person: tables that fold to the terminal, then what stands out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.checks.status import Finding, FleetView, Seen, Silent
from deploy.checks.status.fleet import name_hosts
from deploy.checks.status.rules import is_well
from deploy.reports import status_cells as cells
from deploy.reports.log_lines import visible
from deploy.reports.tables import WIDE

_MARKS = {"finding": "✗", "note": "!"}
_COLOURS = {"finding": "red", "note": "yellow"}
_GAP = 2
"""Columns between two of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value of every host, in words; empty where it has none."""

    heading: str
    cell: Callable[[Seen], str]


SECTIONS: tuple[tuple[Column, ...], ...] = (
    (
        Column("role", cells.role),
        Column("revision", cells.revision),
        Column("age", cells.age),
        Column("proved", cells.proved),
        Column("lock", cells.lock),
        Column("last deploy", cells.last_deploy),
    ),
    (
        Column("release", cells.release),
        Column("runs as", cells.model),
        Column("master", cells.master),
        Column("workers", cells.workers),
        Column("oldest", cells.oldest),
        Column("pidfiles", cells.pidfiles),
        Column("socket", cells.socket),
    ),
    (
        Column("mem free", cells.memory),
        Column("swap used", cells.swap),
        Column("load", cells.load),
        Column("disk free", cells.disk),
        Column("node", cells.node),
        Column("packages", cells.packages),
        Column("drift", cells.drift),
    ),
)
"""Stand beside each other where the terminal is wide, else below each other."""


@dataclass(frozen=True, slots=True)
class _Filled:
    """A column with its cells, one a host."""

    heading: str
    cells: tuple[Text, ...]

    @property
    def width(self) -> int:
        return max(len(self.heading), *map(len, self.cells)) + _GAP


def status_page(
    view: FleetView, findings: Sequence[Finding], at: datetime, width: int, *, urgent: str = ""
) -> RenderableType:
    """Everything; with a word in `urgent`, what stands out comes first: the end may be cut off."""
    tables = [Padding(one, (0, 0, 1, 0), expand=False) for one in _tables(view, findings, width)]
    told = [line for same in group_findings(findings) for line in _told(same)]
    count = f"{len(view.hosts)} host{'s' if len(view.hosts) != 1 else ''}"
    head = Text.assemble((view.environment.name, "bold"), f", {count}, {at:%Y-%m-%d %H:%M:%S %Z}")
    verdict = _verdict(view, findings)
    if urgent:
        return Group(head.append(f", {urgent}"), verdict, *told, Text(), *tables)
    return Group(head, Text(), *tables, *told, verdict)


def print_status(
    view: FleetView,
    findings: Sequence[Finding],
    at: datetime,
    console: Console | None = None,
) -> None:
    """The page, once; where nobody looks a host stays on its line, for grep and awk."""
    if console is None:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(status_page(view, findings, at, console.width))
    console.file.flush()


def _tables(view: FleetView, findings: Sequence[Finding], width: int) -> list[Table]:
    host = _Filled("host", tuple(_host(one, findings) for one in view.hosts))
    most = width + _GAP - host.width
    blocks = []
    for section in SECTIONS:
        filled = [found for one in section if (found := _fill(one, view, findings))]
        is_narrow = sum(one.width for one in filled) <= most
        blocks += [filled] if is_narrow else [[one] for one in filled]
    return [_table([host, *group]) for group in _packed(blocks, most)]


def _packed(blocks: Sequence[Sequence[_Filled]], most: int) -> list[list[_Filled]]:
    """Blocks of columns beside each other, as many as fit into `most` characters."""
    groups: list[list[_Filled]] = []
    room = 0
    for block in blocks:
        needed = sum(one.width for one in block)
        if not groups or needed > room:
            groups.append([])
            room = most
        groups[-1] += block
        room -= needed
    return groups


def _table(columns: Sequence[_Filled]) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column.heading, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


def _host(one: Seen | Silent, findings: Sequence[Finding]) -> Text:
    name = one.host.name
    own = {f.rule.severity for f in findings if name in (f.place.host, *f.place.marked)}
    for severity, mark in _MARKS.items():
        if severity in own:
            return Text(f"{mark} {name}", style=_COLOURS[severity])
    return Text(f"✓ {name}", style="green")


def _fill(column: Column, view: FleetView, findings: Sequence[Finding]) -> _Filled | None:
    """None where no host has a value."""
    found = tuple(_cell(column, one, findings) for one in view.hosts)
    return _Filled(column.heading, found) if any(map(len, found)) else None


def _cell(column: Column, one: Seen | Silent, findings: Sequence[Finding]) -> Text:
    if isinstance(one, Silent):
        text = {"role": cells.role(one), "revision": "unreachable"}.get(column.heading, "")
    else:
        text = column.cell(one)
    for finding in findings:
        if text and finding.concerns(one.host.name, column.heading):
            severity = finding.rule.severity
            return Text(f"{visible(text)} {_MARKS[severity]}", style=_COLOURS[severity])
    return Text(visible(text))


def group_findings(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Hosts of which the same is told stand together."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        mend = one.place.mend.replace(_limit([one]), "")
        groups.setdefault((one.rule.id, one.place.what, mend), []).append(one)
    return list(groups.values())


def _limit(same: Sequence[Finding]) -> str:
    return f"--limit {','.join(one.place.host for one in same)}"


def _told(same: Sequence[Finding]) -> tuple[RenderableType, ...]:
    one, severity = same[0], same[0].rule.severity
    hosts = name_hosts([each.place.host for each in same])
    line = Table.grid(padding=(0, 1, 0, 0))
    what = Text.assemble(
        (f"{hosts} " if hosts else "", "bold"),
        (f"{one.rule.id}: ", _COLOURS[severity]),
        visible(one.place.what),
    )
    line.add_row(Text(_MARKS[severity], style=_COLOURS[severity]), what)
    mend = visible(one.place.mend.replace(_limit([one]), _limit(same)))
    steps = (Padding(Text(f"→ {step}"), (0, 0, 0, 4), expand=False) for step in mend.split("; "))
    return line, *steps


def _verdict(view: FleetView, findings: Sequence[Finding]) -> Text:
    counts = Counter(same[0].rule.severity for same in group_findings(findings))
    words = [
        f"{counts[severity]} {severity}{'s' if counts[severity] > 1 else ''}"
        for severity in ("finding", "note")
        if counts[severity]
    ]
    if not is_well(list(findings)):
        return Text(f"✗ {', '.join(words)}", style="red bold")
    at = f"every host is proved at {view.common[:10]}" if view.common else "no host was asked"
    return Text(", ".join([f"✓ all well: {at}", *words]), style="green bold")
