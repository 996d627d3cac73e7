"""Writes docs/events.md and docs/events.schema.json from the events themselves.

Run it after a change of the events: `python -m deploy.reports.reference`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_args

from deploy.events import Event, Outcome, event_kinds, event_name

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
SCHEMA = PAGE.with_name("events.schema.json")

_INTRODUCTION = """\
# Events

*Made from deploy/events.py by `python -m deploy.reports.reference`; change that, not this page.*

Everything that a run does is a stream of events. `invoke deploy --env production --output json`
prints them as they happen, one JSON object a line, and nothing else on standard output. The same
lines are kept in `.deploy/runs/RUN.jsonl` beside tasks.py (`DEPLOY_RUNS` names another directory).

Every line has `time` (ISO 8601, UTC, milliseconds; the clock of the machine that deploys) and
`event` (the names below). Read fields by name and leave out what you do not know: new events and
new fields can come. Secrets are masked before an event is made. The last line of a run is
`run_finished`; without one, the run was killed.

[events.schema.json](events.schema.json) says the same to programs: every line is valid by it (JSON
Schema, draft 2020-12), and events that it does not know are valid as well.

The failures of a run, by [jq](https://jqlang.github.io/jq/):

    invoke deploy --env production --output json | jq 'select(.event == "host_failed")'

The tasks that look (`pids`, `history`, …) print rows instead, one object a line, whose keys
are the headings of their tables; `status` has [a shape of its own](status.md#json).

"""

_FIELDS = {
    "run": "name of the run, for example `20261123T141502Z-3f2a`",
    "task": "what was asked for: `deploy`, `reload`, …",
    "environment": "name of the environment",
    "hosts": "names of hosts; in `run_finished`, each host's end: `done` (changed and proved), "
    "`unchanged`, `old` (the old code serves) or `unknown` (look at it)",
    "revision": "full commit; empty where the task has none",
    "who": "login name of who began it",
    "host": "name of the host; empty for what concerns all",
    "seconds": "seconds that it took; in `fleet_proved`, since the command began",
    "summary": "one line for a person",
    "plan": "stages, batches, hosts and steps with their exact calls; secrets masked",
    "stage": "`prepare`, `once`, `activate`, `after`, `go back`; `check` and `install` of "
    "`configure`; or the task's name",
    "batch": "number of the batch, from 1",
    "batches": "number of batches in the stage",
    "failed": "names of the hosts that failed",
    "step": "name of the step, for example `reload_cluster`",
    "program": "name of the program, as in the inventory",
    "destination": "path of the file on the host",
    "verdict": "`new` (none is there), `changed`, or in words who changed it, and since when",
    "diff": "unified, from what is there (or was installed) on; secrets as hashes, keyed anew in"
    " each run",
    "whole": "false where the terminal only counts the lines, as nobody asked for more",
    "before": "full commit that these hosts had",
    "taken_back": "true where the commits go away, as in a rollback",
    "count": "how many commits they are; 1000 at most",
    "commits": "the first 50: `sha`, `author`, `date` (ISO 8601), `subject`",
    "log": "path of the log on the host",
    "problem": "why nothing could be read: `missing` or `unreadable`",
    "switches": "when who answers changed: `at` (seconds since 1970, by the host's clock), `step`, "
    "`event` (`started`, `finished`, `undone`)",
    "width": "seconds that a row spans",
    "first": "from when on (as `at`) the log was read, where it is too long to be read from half a"
    " minute before the switch; else 0",
    "rows": "`at`, `requests`, `errors` (5xx), `median` and `slow` (milliseconds; a twentieth of"
    " the requests take longer)",
    "line": "what the command printed, without the newline",
    "text": "words for a person, or the value",
    "key": "name of the value, for example `worker`",
    "outcome": "`changed`, `unchanged` or `failed`",
    "succeeded": "false when it could not be undone",
    "message": "one line for a person",
    "hint": "what to do next",
    "tail": "the last lines (20 at most) of what failed",
    "exit_code": "as the command's own; see the README",
}


def reference() -> str:
    """The page, as Markdown."""
    return _INTRODUCTION + "\n".join(map(_section, event_kinds().values()))


def schema() -> dict[str, Any]:
    """The JSON Schema of a line; what it does not know is allowed, for newer versions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of `--output json`, and of .deploy/runs/RUN.jsonl",
        "type": "object",
        "required": ["time", "event"],
        "properties": {
            "time": {
                "type": "string",
                "format": "date-time",
                "description": "of the machine that deploys; UTC",
            },
            "event": {"type": "string", "description": "which kind of event this is"},
        },
        "allOf": [
            {
                "if": {"properties": {"event": {"const": name}}},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in event_kinds()
        ],
        "$defs": {name: _definition(kind) for name, kind in event_kinds().items()},
    }


def _definition(kind: type[Event]) -> dict[str, Any]:
    """One kind; every field is written, also one that is empty."""
    return {
        "description": " ".join((kind.__doc__ or "").split()),
        "type": "object",
        "required": [field.name for field in fields(kind)],
        "properties": {field.name: _property(field) for field in fields(kind)},
    }


def _property(field: Field[Any]) -> dict[str, Any]:
    return {**_JSON_TYPES[str(field.type)], "description": _FIELDS[field.name]}


def _section(kind: type[Event]) -> str:
    summary = (kind.__doc__ or "").strip()
    return f"## {event_name(kind)}\n{summary}\n\n" + "\n".join(_rows(kind)) + "\n"


def _rows(kind: type[Event]) -> Iterator[str]:
    yield "| field | type | meaning |\n|---|---|---|"
    for field in fields(kind):
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        empty = ", may be empty" if has_default else ""
        yield f"| `{field.name}` | {_TYPES[str(field.type)]}{empty} | {_FIELDS[field.name]} |"


_TYPES = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "`true`, `false`",
    "tuple[str, ...]": "list of text",
    "tuple[dict[str, str], ...]": "list of objects",
    "tuple[dict[str, Any], ...]": "list of objects",
    "dict[str, str]": "object of text",
    "dict[str, Any]": "object",
    "Outcome": "text",
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_TEXT_BY_KEY = {"type": "object", "additionalProperties": {"type": "string"}}
_JSON_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number", "minimum": 0},
    "bool": {"type": "boolean"},
    "tuple[str, ...]": _TEXTS,
    "tuple[dict[str, str], ...]": {"type": "array", "items": _TEXT_BY_KEY},
    "tuple[dict[str, Any], ...]": {"type": "array", "items": {"type": "object"}},
    "dict[str, str]": _TEXT_BY_KEY,
    "dict[str, Any]": {"type": "object"},
    "Outcome": {"type": "string", "enum": list(get_args(Outcome))},
}


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
