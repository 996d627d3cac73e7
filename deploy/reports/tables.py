"""Rows for a person or, as JSON lines, for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], output: str) -> None:
    """Print a table; with `json`, one object a row."""
    if output == "json":
        for row in rows:
            print(json.dumps(dict(zip(headings, row, strict=False)), ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(table)


WIDE = 1000
"""Columns where nobody looks: a row stays on its line for grep and awk."""
