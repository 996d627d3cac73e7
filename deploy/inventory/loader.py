"""From YAML files to a frozen Environment, or to every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.inventory.checks import app_roles, check_all, named, roles_of, text_of
from deploy.inventory.document import Document, Head
from deploy.inventory.faults import Fault, refuse, show_key
from deploy.inventory.merge import merge
from deploy.inventory.models import Environment, Host, Role, Settings
from deploy.inventory.nodes import Node, Part, read_tree
from deploy.inventory.programs import lay_targets
from deploy.inventory.validation import find_faults, nearest, parse

_HEAD = set(Head.model_fields)
_SETTINGS = set(Settings.model_fields)
_ROLE = set(Role.model_fields)
_HOSTS_ONLY = {"programs"}


def load_environment(name: str, directory: Path) -> Environment:
    """Environment `name` of the inventory in `directory`: defaults.yml under NAME.yml.

    Raises DeployError (usage) with every fault of both files, or with the names that exist.
    """
    source = _find(name, directory)
    tree = _read(name, [file for file in (directory / "defaults.yml", source) if file.exists()])
    layers = {host: _settings_of(tree, node) for host, node in named(tree, "hosts").items()}
    refuse(name, _faults(tree, layers))
    return _build(name, source, tree, layers)


def _find(name: str, directory: Path) -> Path:
    if not directory.is_dir():
        raise DeployError(
            f"there is no inventory directory {directory}",
            hint="run this where inventory/ is, beside tasks.py",
            exit_code=ExitCode.USAGE,
        )
    known = sorted(file.stem for file in directory.glob("*.yml") if file.stem != "defaults")
    if name not in known or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise DeployError(
            f"no environment {name!r} in {directory}; {nearest(name, known)}",
            hint=f"there are: {', '.join(known) or 'none yet'}",
            exit_code=ExitCode.USAGE,
        )
    return directory / f"{name}.yml"


def _read(name: str, files: list[Path]) -> Node:
    """The files merged. Raises DeployError when one is not a mapping in YAML."""
    trees, faults = [], []
    for file in files:
        tree, found = read_tree(file)
        if not found and not isinstance(tree.value, dict):
            found = [Fault(tree.at, "", "the file is not a mapping of keys")]
        trees.append(tree)
        faults += found
    refuse(name, faults)
    return merge(*trees)


def _settings_of(tree: Node, host: Node) -> Node:
    """The host's settings: built-in targets < environment < roles < host."""
    layers = [tree, *roles_of(tree, host).values(), host]
    return lay_targets(merge(*(layer.only(_SETTINGS) for layer in layers)))


def _role_of(tree: Node, role: Node) -> Node:
    """Without programs: theirs may be whole on a host only, where alone they count."""
    return merge(tree.only(_SETTINGS - _HOSTS_ONLY), role.only(_ROLE - _HOSTS_ONLY))


def _faults(tree: Node, layers: dict[str, Node]) -> Iterator[Fault]:
    """Layers are judged by themselves for what is wrong, and merged for what is incomplete."""
    yield from find_faults(Document, tree, ignore=_is_incomplete)
    for role in named(tree, "roles").values():
        yield from find_faults(Role, _role_of(tree, role))
    for settings in layers.values():
        yield from find_faults(Settings, settings)
    yield from check_all(tree, layers)


def _is_incomplete(path: tuple[Part, ...], kind: str) -> bool:
    """A layer of settings may hold half of what only is complete on the host."""
    in_settings = path[:1] and path[0] not in _HEAD and path != ("hosts",)
    return bool(in_settings) and kind in ("missing", "value_error")


def _build(name: str, source: Path, tree: Node, layers: dict[str, Node]) -> Environment:
    head = parse(Head, tree.only(_HEAD))
    roles = {role: parse(Role, _role_of(tree, n)) for role, n in named(tree, "roles").items()}
    hosts = {
        host: _build_host(tree, node, roles, parse(Settings, layers[host]))
        for host, node in named(tree, "hosts").items()
    }
    return Environment(
        name=name,
        source=str(source),
        **{key: getattr(head, key) for key in Head.model_fields},
        roles=roles,
        hosts=hosts,
        origins=dict(_origins(tree, layers)),
    )


def _build_host(tree: Node, node: Node, roles: dict[str, Role], settings: Settings) -> Host:
    name = str(node.path[-1])
    mine, running = list(roles_of(tree, node)), app_roles(tree, node)
    return Host(
        name=name,
        address=str(text_of(node.get("address")) or name),
        roles=tuple(mine),
        app_role=running[0] if running else None,
        runs_app=bool(running),
        serves=any(roles[role].serves for role in running or mine),
        settings=settings,
    )


def _origins(tree: Node, layers: dict[str, Node]) -> Iterator[tuple[str, str]]:
    """Where every value of the environment and of each host was written."""
    yield from _places(tree.only(_HEAD), ())
    for name, host in named(tree, "hosts").items():
        yield from _places(host.only({"address", "roles"}), ("hosts", name))
        yield from _places(layers[name], ("hosts", name))


def _places(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key, child in node.children().items():
        yield show_key((*path, key)), f"{child.at.file}:{child.key_at.line}"
        yield from _places(child, (*path, key))
