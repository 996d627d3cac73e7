"""YAML as a tree in which every value knows its file, line, column and key.

Scalars are read as YAML 1.2 does: `off` and `no` are text, `22:22` is no number, dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from deploy.inventory.faults import Fault, Position, show_key

Scalar = str | int | float | bool | None
Part = str | int


@dataclass(frozen=True, slots=True)
class Node:
    """A value: a scalar, a tuple of nodes or a dict of nodes."""

    path: tuple[Part, ...]
    """Keys and indexes that lead here."""
    at: Position
    key_at: Position
    """Where its key stands; the same as `at` in a list."""
    value: Scalar | tuple[Node, ...] | dict[str, Node]

    @property
    def key(self) -> str:
        """The path as people write it: `rollout.batches[1]`."""
        return show_key(self.path)

    def children(self) -> dict[str, Node]:
        """The nodes of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, *keys: str) -> Node | None:
        """The node under `keys`, if there is one."""
        node: Node | None = self
        for key in keys:
            node = node.children().get(key) if node else None
        return node

    def plain(self) -> Any:
        """Lists, dicts and scalars without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, tuple):
            return [child.plain() for child in self.value]
        return self.value

    def only(self, keys: Iterable[str]) -> Node:
        """A mapping with none but these keys."""
        wanted = set(keys)
        kept = {key: child for key, child in self.children().items() if key in wanted}
        return replace(self, value=kept)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Knows the scalars of YAML 1.2's core schema, without exponents (`1e5` may be a revision)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own name and shape


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*|0o[0-7]+|0x[0-9a-fA-F]+)", list("-+0123456789")),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def read_tree(path: Path) -> tuple[Node, list[Fault]]:
    """The file as a tree, and what is wrong with it as YAML. An empty file is an empty mapping."""
    start = Position(str(path), 1, 1)
    empty = Node((), start, start, {})
    try:
        document = yaml.compose(path.read_bytes().decode("utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return empty, [Fault(Position(str(path), line, 1), "", "this line is not UTF-8")]
    except OSError as error:
        return empty, [Fault(start, "", f"cannot be read: {error.strerror}")]
    except yaml.YAMLError as error:
        return empty, [_syntax_fault(str(path), error)]
    if document is None:
        return empty, []
    reader = _Reader(str(path))
    return reader.read(document, (), start, ()), reader.faults


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    at = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    return Fault(at, "", f"not YAML: {context}, {problem}" if context else f"not YAML: {problem}")


class _Reader:
    """Turns PyYAML's nodes into ours, collecting faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def read(
        self, node: Any, path: tuple[Part, ...], key_at: Position, within: tuple[int, ...]
    ) -> Node:
        """`within` holds the nodes around this one: an alias may name one of them."""
        at = self._position(node)
        if id(node) in within:
            self._fault(at, path, "an alias holds itself")
            return Node(path, at, key_at, None)
        return Node(path, at, key_at, self._value(node, path, (*within, id(node))))

    def _value(self, node: Any, path: tuple[Part, ...], within: tuple[int, ...]) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, within)
        if isinstance(node, yaml.SequenceNode):
            return tuple(
                self.read(item, (*path, index), self._position(item), within)
                for index, item in enumerate(node.value)
            )
        return self._scalar(node, path)

    def _mapping(
        self, node: Any, path: tuple[Part, ...], within: tuple[int, ...]
    ) -> dict[str, Node]:
        items: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key_at = self._position(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_at, path, "a key is text, not a list or a mapping")
                continue
            key = key_node.value
            if key in items:
                first = items[key].key_at.line
                self._fault(key_at, (*path, key), f"written twice; first in line {first}")
            items[key] = self.read(value_node, (*path, key), key_at, within)
        return items

    def _scalar(self, node: Any, path: tuple[Part, ...]) -> Scalar:
        text: str = node.value
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        try:
            return _SCALARS[kind](text)
        except KeyError:
            self._fault(self._position(node), path, f"the tag {node.tag} is not read here")
        except ValueError:
            self._fault(self._position(node), path, f"{text!r} is not what !!{kind} says")
        return None

    def _position(self, node: Any) -> Position:
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _fault(self, at: Position, path: tuple[Part, ...], text: str) -> None:
        self.faults.append(Fault(at, show_key(path), text))


_SCALARS: dict[str, Callable[[str], Scalar]] = {
    "str": str,
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": lambda text: int(text, 0),
    "float": float,
}
