"""What pydantic found wrong, told in the words of the file: place, key, found, allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from deploy.inventory.faults import Fault, show_key
from deploy.inventory.nodes import Node, Part
from deploy.inventory.schema import file_schema, shape_at
from deploy.inventory.values import WORDS

Problem = tuple[Node, tuple[Part, ...], dict[str, Any]]
"""The node at fault, its path in the model, and pydantic's details."""


def parse(model: type[BaseModel], tree: Node) -> Any:
    """The tree as a `model`. Raises ValidationError.

    By way of JSON, where strict means what a file means: no text for a number, lists for tuples.
    """
    return model.model_validate_json(json.dumps(tree.plain()), strict=True)


def find_faults(
    model: type[BaseModel],
    tree: Node,
    ignore: Callable[[tuple[Part, ...], str], bool] | None = None,
) -> list[Fault]:
    """Every fault of the tree as a `model`, save those whose path and type `ignore` accepts."""
    try:
        parse(model, tree)
    except ValidationError as error:
        problems = [_locate(tree, details) for details in error.errors()]
        kept = (p for p in problems if not (ignore and ignore(p[1], p[2]["type"])))
        return list(_tell(problem for problem in kept if not _is_echo(problem)))
    return []


def _locate(tree: Node, details: Any) -> Problem:
    """Follow pydantic's location, leaving out the names of a union's branches."""
    node, path = tree, tuple[Part, ...]()
    for part in details["loc"]:
        child = _child(node, part)
        if child is not None:
            node, path = child, (*path, part)
    if details["type"] == "missing":
        path = (*path, details["loc"][-1])
    return node, path, details


def _is_echo(problem: Problem) -> bool:
    """A list is "too short" for pydantic when its entries are wrong."""
    node, _, details = problem
    return details["type"] == "too_short" and bool(node.value)


def _child(node: Node, part: Part) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(part))
    if isinstance(node.value, tuple) and isinstance(part, int):
        return node.value[part]
    return None


def _tell(problems: Iterable[Problem]) -> Iterator[Fault]:
    """One fault a value: the branches of a union are told as alternatives."""
    wrong_values: dict[Node | int, tuple[Node, list[str]]] = {}
    for node, path, details in problems:
        if details["type"] == "missing":
            key = show_key((*node.path, path[-1]))
            yield Fault(node.key_at, key, missing_key(path))
        elif details["type"] == "extra_forbidden":
            yield Fault(node.key_at, node.key, unknown_key(path))
        elif details["loc"][-1] == "[key]":
            yield Fault(node.key_at, node.key, f"this key is not {_allowed(details)}")
        elif details["type"] in ("value_error", "assertion_error"):
            yield Fault(node.at, node.key, _refusal(node, str(details["ctx"]["error"])))
        else:
            wrong_values.setdefault(id(node), (node, []))[1].append(_allowed(details))
    for node, allowed in wrong_values.values():
        words = " or ".join(dict.fromkeys(allowed))
        yield Fault(
            node.at, node.key, f"found {show(node)}; allowed: {words}{_quotes(node, allowed)}"
        )


def unknown_key(path: tuple[Part, ...]) -> str:
    """What to say of the key at the end of `path`, which its mapping does not have."""
    known = list(shape_at(file_schema(), path[:-1]).get("properties", ()))
    return "unknown key; " + nearest(str(path[-1]), known)


def missing_key(path: tuple[Part, ...]) -> str:
    """What to say of a key that has to be there: what it is for."""
    fields = shape_at(file_schema(), path[:-1]).get("properties", {})
    meaning = fields.get(path[-1], {}).get("description", "")
    return f"is missing: {meaning}" if meaning else "is missing"


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or all that exist."""
    names = list(known)
    longer = [one for one in names if len(name) > 1 and one.startswith(name)]
    near = longer or difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(names) or 'nothing'}"


def show(node: Node) -> str:
    """The value as it would stand in the file, in a few words."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, tuple):
        return "a list"
    return "nothing" if node.value is None else json.dumps(node.value, ensure_ascii=False)


def _refusal(node: Node, message: str) -> str:
    return message if isinstance(node.value, dict | tuple) else f"found {show(node)}; {message}"


def _quotes(node: Node, allowed: list[str]) -> str:
    """Text that looks like a number or a truth."""
    wants_text = any(one == "text" for one in allowed)
    return ", so put it in quotes" if wants_text and isinstance(node.value, int | float) else ""


def _allowed(details: dict[str, Any]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return WORDS.get(pattern, f"text that matches {pattern}")
    return _KINDS[kind].format(**context) if kind in _KINDS else str(details["msg"])


_KINDS = {
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "too_short": "at least {min_length} entry",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number from {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number up to {le}",
}
