"""Groups of hosts and who asks whom, as the inventory says it: layers from the clients to redis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_actionhero import RedisPlace
from deploy.reports.topology.places import find_host, place_of, words_of

State = Literal["well", "ill", "lost", "reached", "unknown"]
BALANCERS = ("haproxy", "nginx_balancer")


@dataclass(frozen=True, slots=True)
class Health:
    """How a host is: `well` (proved), `ill`, `lost` (no answer), `reached`, or `unknown`."""

    state: State = "unknown"
    why: str = ""
    """In words; empty where it is well or nobody asked."""


@dataclass(frozen=True, slots=True)
class Card:
    """What runs on one host for its group, or something that is not in the inventory."""

    name: str
    lines: tuple[str, ...]
    health: Health = Health()
    is_outside: bool = False
    follows: str = ""
    """Of a replica: whom it follows."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cards that do the same."""

    id: str
    title: str
    layer: int
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One group asks another."""

    start: str
    end: str
    label: str = ""
    is_watch: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """The whole picture, before it has places."""

    title: str
    groups: tuple[Group, ...]
    edges: tuple[Edge, ...]
    is_live: bool = False


def make_graph(environment: Environment, health: Mapping[str, Health] | None = None) -> Graph:
    """The picture of an inventory; with `health`, by host, as it is now."""
    found = tuple(one for one in _groups(environment, health or {}) if one.cards)
    names = {one.id for one in found}
    edges = tuple(e for e in _edges(names) if {e.start, e.end} <= names)
    return Graph(f"{environment.app.name}, {environment.name}", found, edges, health is not None)


def _groups(environment: Environment, health: Mapping[str, Health]) -> Iterator[Group]:
    hosts = tuple(environment.hosts.values())
    servers = [host for host in hosts if host.runs_app and host.serves]
    workers = [host for host in hosts if host.runs_app and not host.serves]

    def cards(chosen: list[Host], lines: Mapping[str, tuple[str, ...]]) -> tuple[Card, ...]:
        return tuple(
            Card(one.name, lines[one.name], health.get(one.name, Health())) for one in chosen
        )

    yield Group("clients", "Clients", 0, (Card("browsers, apps", (), is_outside=True),))
    yield Group("balancer", "Load balancer", 1, _balancers(hosts, servers, health))
    lines: dict[str, tuple[str, ...]]
    lines = {one.name: ("nginx", _processes(one, environment)) for one in servers}
    yield Group("servers", "Servers: nginx, ActionHero", 2, cards(servers, lines))
    lines = {one.name: (_processes(one, environment), _queues(one)) for one in workers}
    yield Group("workers", "Task workers: ActionHero", 2, cards(workers, lines))
    yield from _stores(hosts, health)
    guards = [one for one in hosts if _runs(one, "sentinel")]
    lines = {one.name: (f"quorum {one.settings.sentinel.quorum}",) for one in guards}
    yield Group("sentinels", "Sentinels", 4, cards(guards, lines))


def _edges(names: set[str]) -> Iterator[Edge]:
    front = "balancer" if "balancer" in names else "servers"
    yield Edge("clients", front, "HTTP, WebSocket")
    if front == "balancer":
        yield Edge("balancer", "servers")
    tasks = "tasks" if "tasks" in names else "redis"
    cache = "cache" if "cache" in names else "redis"
    for group, label in (("servers", "enqueue"), ("workers", "work")):
        yield Edge(group, tasks, label if tasks != cache else "")
        if cache != tasks:
            yield Edge(group, cache, "cache, chat")
    yield Edge("sentinels", tasks, "watch", is_watch=True)


def _balancers(
    hosts: tuple[Host, ...], servers: list[Host], health: Mapping[str, Health]
) -> tuple[Card, ...]:
    """Those of the inventory; else one outside, where nginx takes somebody's word on clients."""
    found = [
        Card(one.name, (name.replace("_balancer", ""),), health.get(one.name, Health()))
        for one in hosts
        for name in BALANCERS
        if _runs(one, name)
    ]
    trusted = {str(net) for one in servers for net in one.settings.nginx.real_ip_from}
    if found or not trusted:
        return tuple(found)
    return (Card(", ".join(sorted(trusted)), ("not in the inventory",), is_outside=True),)


def _stores(hosts: tuple[Host, ...], health: Mapping[str, Health]) -> Iterator[Group]:
    """Redis for the cache and redis for tasks, where they are two; else the one for both."""
    apps = [one for one in hosts if one.runs_app]
    own = {
        purpose: [
            one
            for one in hosts
            if _runs(one, "redis_server") and one.settings.redis_server.purpose == purpose
        ]
        for purpose in ("cache", "tasks")
    }
    main = [place_of(one) for one in apps]
    tasks = [one.settings.actionhero.redis.tasks or place_of(one) for one in apps]
    is_one = not own["cache"] and all(a == b for a, b in zip(main, tasks, strict=True))
    if is_one:
        cards = _redis_cards(own["tasks"], main, hosts, health)
        yield Group("redis", "redis for cache and tasks", 3, cards)
        return
    yield Group(
        "cache", "redis for cache and chat", 3, _redis_cards(own["cache"], main, hosts, health)
    )
    yield Group("tasks", "redis for tasks", 3, _redis_cards(own["tasks"], tasks, hosts, health))


def _redis_cards(
    own: list[Host],
    places: list[RedisPlace],
    hosts: tuple[Host, ...],
    health: Mapping[str, Health],
) -> tuple[Card, ...]:
    """Servers of the inventory; and what the app is told of that is none of them."""
    followed = {one.settings.redis_server.replica_of for one in own}
    cards = [
        _redis_card(one, health.get(one.name, Health()), is_followed=one.name in followed)
        for one in own
    ]
    if not cards or not any(find_host(one, hosts) for one in places):
        outside = {words_of(one) for one in places if not find_host(one, hosts)}
        cards += [Card(one, ("not in the inventory",), is_outside=True) for one in sorted(outside)]
    return tuple(cards)


def _redis_card(host: Host, health: Health, *, is_followed: bool) -> Card:
    knobs = host.settings.redis_server
    memory = (f"at most {knobs.max_memory}",) if knobs.max_memory else ()
    if knobs.cluster:
        role = "node of a cluster"
    else:
        alone = "primary" if is_followed else "no replica"
        role = f"replica of {knobs.replica_of}" if knobs.replica_of else alone
    return Card(host.name, (role, *memory), health, follows=knobs.replica_of or "")


def _runs(host: Host, program: str) -> bool:
    found = host.settings.programs.get(program)
    return found is not None and found.enabled


def _processes(host: Host, environment: Environment) -> str:
    count = host.settings.workers
    major = environment.app.actionhero
    kind = "process" if major and major >= 22 else "worker"
    if count == "auto":
        return f"{kind}{'es' if kind == 'process' else 's'} by CPUs"
    plural = ("es" if kind == "process" else "s") if count > 1 else ""
    return f"{count} {kind}{plural}"


def _queues(host: Host) -> str:
    return "queues " + ", ".join(host.settings.actionhero.tasks.queues)
