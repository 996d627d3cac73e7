"""Writes docs/inventory.md and inventory/schema.json from the models.

Run it after a change of the models: `python -m deploy.inventory.reference`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from deploy.inventory.document import Head
from deploy.inventory.fields import LENGTH
from deploy.inventory.models import Settings
from deploy.inventory.schema import Schema, entry_of, file_schema, json_schema
from deploy.inventory.values import WORDS

_INTRODUCTION = """\
# Inventory reference

*Made from the models by `python -m deploy.inventory.reference`; change those, not this page.*

An environment is a file `inventory/NAME.yml`, laid over `inventory/defaults.yml`.
`inventory/production.yml` is an annotated example; `inventory/schema.json` makes editors complete
and check a file (`invoke inventory.schema` prints it), and `invoke inventory --env NAME` prints
every effective value with the line that it came from.

- **Layers.** Defaults of the program < top of the file < role < host; the narrowest wins. Of
  several roles a later one wins. Between the two files, the environment's wins over defaults.yml
  for the same key.
- **Merging.** Mappings merge key by key; lists and everything else are replaced whole, and so is
  the source of a secret. `null` takes a value away where the table says *or nothing*.
- **YAML** is read as version 1.2: only `true` and `false` are truths (`off` and `no` are text),
  dates are text, and a key written twice is an error. Text that looks like a number needs quotes.
- **Values are data.** Spaces, quotes and `$(…)` may stand in a branch or a path: they are quoted
  where they are used. Control characters are refused.
- **Errors** come all at once, each with file, line, column, key, what was found and what is
  allowed.
- **Checked across keys:** every role of a host exists, one of them at most runs the app, no two
  hosts are the same machine, and no unix socket's path has more than 100 bytes (`sockets_dir`
  moves them).
"""

_OWN_NAMES = {"roles": "roles.NAME", "hosts": "hosts.NAME"}


def reference() -> str:
    """The page, as Markdown."""
    schema = file_schema()
    top = schema["properties"]
    role, host = (schema["$defs"][name] for name in ("Role", "HostEntry"))
    sections = [
        ("The environment", "At the top of the file only.", _rows(top, [*Head.model_fields])),
        ("Settings", "At the top, in a role, or in a host.", _rows(top, [*Settings.model_fields])),
        ("roles.NAME", "Besides all settings:", _rows(role["properties"], _own(role))),
        ("hosts.NAME", "Besides all settings:", _rows(host["properties"], _own(host))),
        *_nested(schema),
    ]
    return _INTRODUCTION + "".join(_section(*section) for section in sections)


def _own(shape: Schema) -> list[str]:
    return [name for name in shape["properties"] if name not in Settings.model_fields]


def _nested(schema: Schema) -> Iterator[tuple[str, str, list[str]]]:
    """A section for every mapping with keys of its own, in the order in which they are met."""
    for path, name in _walk(schema, schema, ""):
        shape = schema["$defs"][name]
        properties = shape.get("properties", {})
        yield path, shape.get("description", ""), _rows(properties, list(properties))


def _walk(schema: Schema, shape: Schema, path: str) -> Iterator[tuple[str, str]]:
    for key, field in shape.get("properties", {}).items():
        if path == "" and key in _OWN_NAMES:
            continue
        for suffix, name in _references(field):
            here = f"{path}.{key}{suffix}".removeprefix(".")
            if "properties" in schema["$defs"][name]:
                yield here, name
                yield from _walk(schema, schema["$defs"][name], here)


def _references(field: Schema) -> Iterator[tuple[str, str]]:
    """The models that a field holds, and what follows its key: an index or a name."""
    for one in (field, *field.get("anyOf", ())):
        if "$ref" in one:
            yield "", one["$ref"].rpartition("/")[2]
    entry = entry_of(field)
    if "$ref" in entry:
        yield ("[]" if "items" in field else ".NAME"), entry["$ref"].rpartition("/")[2]


def _section(title: str, text: str, rows: list[str]) -> str:
    table = "| key | type | default | meaning |\n|---|---|---|---|\n" + "".join(rows)
    return f"\n## {title}\n{' '.join(text.split())}\n\n{table}"


def _rows(properties: Schema, names: list[str]) -> list[str]:
    return [
        f"| `{name}` | {_cell(_type(properties[name]))} | {_default(properties[name])} "
        f"| {_cell(properties[name].get('description', ''))} |\n"
        for name in names
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _default(field: Schema) -> str:
    """As one would write it; nothing for a key that has to be there or is a section of its own."""
    if "default" not in field:
        return "*required*"
    if "$ref" in field:
        return "see below"
    text = json.dumps(field["default"], ensure_ascii=False)
    return "none" if text in ("null", "[]", "{}", '""') else f"`{_cell(text)}`"


def _type(field: Schema) -> str:
    """The type in words."""
    if "$ref" in field:
        return "any" if field["$ref"].endswith("/JsonValue") else "mapping"
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{one}`" for one in field.get("enum", [field.get("const")]))
    kind = field.get("type", "any")
    return _WRITERS[kind](field) if kind in _WRITERS else str(kind)


def _list(field: Schema) -> str:
    return f"list of {_type(field.get('items', {}))}"


def _mapping(field: Schema) -> str:
    return f"mapping of name to {_type(entry_of(field))}"


def _text(field: Schema) -> str:
    if field.get("format") == "date-time":
        return "time with a zone"
    words = {**WORDS, LENGTH: "a length like `90s`, `10m`, `1h`"}
    return words.get(field.get("pattern", ""), "text")


def _integer(field: Schema) -> str:
    lowest = field.get("minimum", field.get("exclusiveMinimum", -1) + 1)
    highest = field.get("maximum", field.get("exclusiveMaximum", 0) - 1)
    return f"whole number from {lowest}" + (f" to {highest}" if highest > 0 else "")


_WRITERS = {
    "array": _list,
    "boolean": lambda _: "`true`, `false`",
    "integer": _integer,
    "null": lambda _: "nothing",
    "object": _mapping,
    "string": _text,
}


def write(root: Path) -> None:
    """Write both files under the project's directory `root`."""
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    (root / "inventory" / "schema.json").write_text(schema + "\n", "utf-8")
    (root / "docs" / "inventory.md").write_text(reference(), "utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[2])
