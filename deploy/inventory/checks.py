"""What no single value shows: roles that do not exist, one machine twice, sockets too long.

Checks read the tree, not the models, so that they speak even when a value elsewhere is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.inventory.faults import Fault
from deploy.inventory.layout import LONGEST_SOCKET, make_layout
from deploy.inventory.nodes import Node
from deploy.inventory.program_checks import check_programs
from deploy.inventory.validation import nearest

MOST_WORKERS = 100
"""Processes that `workers: auto` is held to be at most, for the length of a socket's name."""


def check_all(tree: Node, layers: Mapping[str, Node]) -> Iterator[Fault]:
    """Every cross check; `layers` are the hosts' settings, merged."""
    yield from check_names(tree)
    for host in named(tree, "hosts").values():
        yield from check_roles(tree, host)
    yield from check_addresses(tree, layers)
    for name, settings in layers.items():
        yield from check_sockets(tree, name, settings)
        yield from check_listens(tree, name, settings)
        yield from check_balancer(name, settings)
        yield from check_programs(name, settings)


def named(tree: Node, section: str) -> dict[str, Node]:
    """The hosts or roles that are mappings."""
    entries = tree.get(section)
    children = entries.children() if entries else {}
    return {name: node for name, node in children.items() if isinstance(node.value, dict)}


def roles_of(tree: Node, host: Node) -> dict[str, Node]:
    """The roles of a host that exist, in the host's order."""
    known, wanted = named(tree, "roles"), host.get("roles")
    names = wanted.value if wanted and isinstance(wanted.value, tuple) else ()
    return {
        node.value: known[node.value]
        for node in names
        if isinstance(node.value, str) and node.value in known
    }


def app_roles(tree: Node, host: Node) -> list[str]:
    """Those of its roles that run the app."""
    roles = roles_of(tree, host)
    return [name for name, role in roles.items() if text_of(role.get("runs_app")) is not False]


def text_of(node: Node | None) -> object:
    """A scalar's value; None for anything else."""
    return node.value if node and not isinstance(node.value, dict | tuple) else None


def check_names(tree: Node) -> Iterator[Fault]:
    """`--limit` takes hosts and roles."""
    roles = named(tree, "roles")
    for name, host in named(tree, "hosts").items():
        if name in roles:
            yield Fault(host.key_at, host.key, "a role has the same name, and --limit takes both")


def check_roles(tree: Node, host: Node) -> Iterator[Fault]:
    """A host has roles, they exist, and one of them at most runs the app."""
    known, wanted = named(tree, "roles"), host.get("roles")
    if wanted is None or wanted.value == ():
        yield Fault(host.key_at, host.key, f"has no role; allowed: {', '.join(known) or 'none'}")
        return
    for role in wanted.value if isinstance(wanted.value, tuple) else ():
        if isinstance(role.value, str) and role.value not in known:
            yield Fault(role.at, role.key, f"no role {role.value!r}; " + nearest(role.value, known))
    running = app_roles(tree, host)
    if len(running) > 1:
        names = " and ".join(running)
        text = f"{names} both run the app; one role a host may: servers work no tasks"
        yield Fault(wanted.at, wanted.key, text)


def check_addresses(tree: Node, layers: Mapping[str, Node]) -> Iterator[Fault]:
    """One machine under two names would be deployed twice, and wait for its own lock."""
    seen: dict[tuple[object, ...], str] = {}
    for name, host in named(tree, "hosts").items():
        address = host.get("address")
        reached = [text_of(layers[name].get(key)) for key in ("port", "gateway", "path")]
        machine = (text_of(address) or name, *reached)
        if machine in seen:
            at = address or host
            text = f"the same machine as {seen[machine]}: address, port, gateway and path are equal"
            yield Fault(at.at if address else at.key_at, at.key, text)
        seen.setdefault(machine, name)


def check_sockets(tree: Node, name: str, settings: Node) -> Iterator[Fault]:
    """Node cuts a longer path off without a word, and nginx finds nothing."""
    directory = settings.get("sockets_dir")
    app = settings.get("path") or tree.get("app", "path")
    culprit, path, elsewhere = directory or app, text_of(app), text_of(directory)
    if culprit is None or not isinstance(path, str):
        return
    if text_of(settings.get("listen")) not in (None, "socket"):
        return
    workers = text_of(settings.get("workers"))
    last = (workers if isinstance(workers, int) else MOST_WORKERS) - 1
    strategy = str(text_of(tree.get("strategy")) or "releases")
    sockets_dir = elsewhere if isinstance(elsewhere, str) else None
    socket = make_layout(path.rstrip("/"), sockets_dir, strategy).longest_socket(max(last, 0))
    size = len(socket.encode())
    if size > LONGEST_SOCKET:
        text = f"{socket} on {name} has {size} bytes; allowed: {LONGEST_SOCKET}"
        yield Fault(culprit.at, culprit.key, f"{text}: set sockets_dir to a shorter directory")


def check_listens(tree: Node, name: str, settings: Node) -> Iterator[Fault]:
    """Old and new processes stand side by side: on one port they cannot."""
    host, listen = named(tree, "hosts").get(name), settings.get("listen")
    if host is None or listen is None or text_of(tree.get("strategy")) != "releases":
        return
    running = [roles_of(tree, host)[role] for role in app_roles(tree, host)]
    serves = any(text_of(role.get("serves")) is not False for role in running)
    if serves and text_of(listen) != "socket":
        text = f"{text_of(listen)!r} on {name}; strategy releases needs `socket`, for two at a time"
        yield Fault(listen.at, listen.key, text)


def check_balancer(name: str, settings: Node) -> Iterator[Fault]:
    """What takes a host out of the balancer needs what lets it in again."""
    pair = {key: settings.get(key) for key in ("drain_command", "ready_command")}
    given = {key: node for key, node in pair.items() if node and node.value is not None}
    if len(given) == 1:
        (node,) = given.values()
        (missing,) = pair.keys() - given
        yield Fault(node.at, node.key, f"{name} has no {missing}; the two are a pair")
