"""inventory/schema.json and docs/inventory.md say what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from deploy.inventory import json_schema
from deploy.inventory.reference import reference
from deploy.inventory.schema import shape_at

ROOT = Path(__file__).parents[2]


def test_the_schema_file_is_current() -> None:
    """Made by `python -m deploy.inventory.reference`."""
    written = json.loads((ROOT / "inventory" / "schema.json").read_text("utf-8"))
    assert written == json_schema()


def test_the_reference_page_is_current() -> None:
    """Made by `python -m deploy.inventory.reference`."""
    assert (ROOT / "docs" / "inventory.md").read_text("utf-8") == reference()


@pytest.mark.parametrize("file", sorted(ROOT.glob("inventory/*.yml")), ids=lambda file: file.name)
def test_a_files_first_line_leads_editors_to_the_schema(file: Path) -> None:
    assert file.read_text("utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_schema_asks_for_nothing_that_another_layer_may_hold() -> None:
    schema = json_schema()
    assert "required" not in schema
    assert "required" not in shape_at(schema, ("app",))
    assert "required" not in shape_at(schema, ("hosts", "web1", "nginx", "tls"))
    assert shape_at(schema, ("freeze", 0))["required"] == ["start", "end", "reason"]


def test_every_key_of_the_schema_says_what_it_is_for() -> None:
    schema = json_schema()
    shapes = {"": schema, **schema["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, shape in shapes.items()
        for key, field in shape.get("properties", {}).items()
        if not field.get("description")
    ]
    assert bare == []


def test_the_example_knows_only_keys_of_the_schema() -> None:
    """The editor's view of the example: every key that it writes is described."""
    written = yaml.safe_load((ROOT / "inventory" / "production.yml").read_text("utf-8"))
    known = json_schema()["properties"]
    assert set(written) <= set(known)
    assert set(written["hosts"]["web3"]) <= set(
        shape_at(json_schema(), ("hosts", "web3"))["properties"]
    )
