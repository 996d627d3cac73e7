"""The file's JSON Schema, for editors and for the documentation, made from the models."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from deploy.inventory.document import Document

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Schema:
    """The JSON Schema of one inventory file; keys may be missing: another layer may hold them."""
    schema = deepcopy(file_schema())
    _drop_required(schema, schema)
    return {"$schema": DRAFT, "title": "Inventory of actionhero-deploy", **schema}


@cache
def file_schema() -> Schema:
    """The JSON Schema of a whole document, every property with its description and default."""
    schema = Document.model_json_schema()
    models = {model.__name__: model for model in _models(Document)}
    for name, shape in {**schema.get("$defs", {}), "Document": schema}.items():
        shape.pop("title", None)
        if name in models:
            _describe(shape, models[name])
    return schema


def resolve(schema: Schema, shape: Schema) -> Schema:
    """`shape` with its reference followed; the object of a union that may be none."""
    while "$ref" in shape:
        shape = schema["$defs"][shape["$ref"].rpartition("/")[2]]
    objects = [resolve(schema, one) for one in shape.get("anyOf", ()) if "$ref" in one]
    return objects[0] if objects else shape


def shape_at(schema: Schema, path: tuple[str | int, ...]) -> Schema:
    """The shape of what stands under `path`; empty where anything may stand."""
    shape = resolve(schema, schema)
    for part in path:
        properties = shape.get("properties", {})
        inner = properties[part] if part in properties else entry_of(shape)
        shape = resolve(schema, inner)
    return shape


def entry_of(shape: Schema) -> Schema:
    """The shape of a list's items, or of a mapping's values under names of one's own."""
    patterns = [*shape.get("patternProperties", {}).values(), shape.get("additionalProperties")]
    entries = [one for one in (shape.get("items"), *patterns) if isinstance(one, dict)]
    return entries[0] if entries else {}


def _describe(shape: Schema, model: type[BaseModel]) -> None:
    lines = field_lines(model)
    for name, field in shape.get("properties", {}).items():
        field.pop("title", None)
        if name in lines:
            field["description"] = lines[name]


def field_lines(model: type[BaseModel]) -> dict[str, str]:
    """The line that documents each field, read from the source of the model and its bases."""
    lines: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base is not BaseModel and issubclass(base, BaseModel):
            lines.update(_lines_in_source(base))
    return lines


def _lines_in_source(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """An annotated name, and the text right under it."""
    body = ast.parse(inspect.getsource(model)).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, line in pairwise(statements):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(line, ast.Expr)
            and isinstance(line.value, ast.Constant)
        ):
            yield field.target.id, str(line.value.value)


def _models(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model of this room."""
    for name, module in list(sys.modules.items()):
        if name.startswith(root.__module__.rpartition(".")[0] + "."):
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, BaseModel):
                    yield value


def _drop_required(schema: Schema, shape: Schema) -> None:
    """What a mapping needs may stand in another layer; an entry of a list stands alone."""
    shape = resolve(schema, shape)
    if "items" in shape:
        return
    shape.pop("required", None)
    shape.pop("minProperties", None)
    for inner in (*shape.get("properties", {}).values(), entry_of(shape)):
        if inner:
            _drop_required(schema, inner)
