"""What `render-config` writes of redis, in the clients of ActionHero 14, 18 and 29: they find the
primary by sentinels, go on after a failover, and keep their cache in a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from deploy.render import render_config, write_files
from tests.lab.processes import wait_until
from tests.lab.toolchain import package, provide_node
from tests.render_targets.conftest import BASE, SECRETS, Start, make_environment
from tests.render_targets.redises import PASSWORD, Node

CLIENT = Path(__file__).with_name("redis_client.js")
IOREDIS = {14: "2.5.0", 18: "3.2.2", 29: "5.10.1"}
"""The client that comes with each major (tests/lab/apps/*/package-lock.json)."""
FILES = {14: "config/redis.js", 18: "config/redis.js", 29: "src/config/redis.ts"}
FAST = {"down_after": 500, "failover_timeout": 3000, "quorum": 1, "password_env": None}


@dataclass
class Place:
    """A primary, a replica and a sentinel for tasks; a cluster of one node for the cache."""

    box: Path
    nodes: dict[str, Node]

    def environment(self, major: int = 18, **more: Any) -> Environment:
        nodes = self.nodes
        hosts = {
            "redis1": nodes["redis1"].host(),
            "redis2": nodes["redis2"].host(replica_of="redis1"),
            "cache1": nodes["cache1"].host(purpose="cache", cluster=True, announce="127.0.0.1"),
            "guard": nodes["guard"].host(primary="redis1", **FAST),
            "web1": {"roles": ["server"]},
        }
        return made(self.box, hosts, major, **more)

    def start(self, start: Start) -> None:
        environment = self.environment()
        for name in ("redis1", "redis2", "cache1"):
            self.nodes[name].write(environment)
            self.nodes[name].start(start)
        cache = self.nodes["cache1"]
        cache.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        ok = "cluster_state:ok"
        wait_until(lambda: ok in cache.ask("CLUSTER", "INFO"), "the cluster")
        replica = self.nodes["redis2"]
        wait_until(lambda: replica.info("master_link_status") == "up", "the replica")
        guard = self.nodes["guard"]
        guard.write(environment)
        guard.process = start("redis-server", guard.live, "--sentinel", name="guard")
        asked = ("SENTINEL", "REPLICAS", "mymaster")
        wait_until(lambda: "slave" in guard.ask(*asked, password=""), "the sentinel")

    def count(self, name: str, key: str) -> int:
        """How often a client wrote there."""
        return int(self.nodes[name].ask("GET", key) or 0)


@pytest.fixture
def place(box: Path) -> Place:
    kinds = {"redis1": "redis_server", "redis2": "redis_server", "cache1": "redis_server"}
    every = {**kinds, "guard": "sentinel"}
    nodes = {name: Node(name, kind, box / name) for name, kind in every.items()}
    return Place(box, nodes)


def made(box: Path, hosts: dict[str, Any], major: int, **more: Any) -> Environment:
    """The environment of these hosts, for an app on that ActionHero."""
    app = {**BASE["app"], "actionhero": major}
    return make_environment(box, hosts, app=app, **more)


def settings(place: Place) -> dict[str, Any]:
    """A cluster for the cache, sentinels for the tasks; the first sentinel is away."""
    own = {"host": "127.0.0.1", "port": place.nodes["guard"].port}
    gone = {"host": "127.0.0.1", "port": 1}
    cache = {"host": "127.0.0.1", "port": place.nodes["cache1"].port}
    tasks = {"password_env": "REDIS_PASSWORD", "sentinels": [gone, own]}
    return {"redis": {"cluster": [cache], "password_env": "REDIS_PASSWORD", "tasks": tasks}}


def run_client(place: Place, major: int, start: Start) -> None:
    environment = place.environment(major, actionhero=settings(place))
    files = render_config(environment, environment.hosts["web1"])
    directory = place.box / f"app{major}"
    write_files({FILES[major]: files[FILES[major]]}, directory)
    node = provide_node(major)
    modules = [package("ioredis", IOREDIS[major], node)]
    modules += [package("typescript", "5.8.3", node)] if major == 29 else []
    env = {
        "NODE_PATH": ":".join(f"{one}/node_modules" for one in modules),
        "REDIS_PASSWORD": PASSWORD,
        "REDIS_HOST": "nowhere.invalid",  # what is declared is not moved by it
    }
    start(node / "node", CLIENT, directory / FILES[major], f"v{major}", name=f"v{major}", env=env)


def test_clients_of_each_era_go_on_after_a_failover(place: Place, start: Start) -> None:
    place.start(start)
    for major in IOREDIS:
        run_client(place, major, start)

    def all_wrote(name: str, which: str, more_than: int = 0) -> None:
        for major in IOREDIS:
            key = f"v{major}:{which}"
            wait_until(lambda k=key: place.count(name, k) > more_than, f"{key} on {name}", 90)  # type: ignore[misc]

    all_wrote("redis1", "tasks")
    all_wrote("cache1", "client")
    assert place.nodes["cache1"].ask("EXISTS", "v29:tasks") == "0"
    place.nodes["redis1"].stop()
    wait_until(lambda: place.nodes["redis2"].info("role") == "master", "the promotion", 60)
    reached = max(place.count("redis2", f"v{major}:tasks") for major in IOREDIS)
    all_wrote("redis2", "tasks", reached)
    for major in IOREDIS:
        said = (place.box / f"v{major}.out").read_text()
        assert "failed" not in said, said
        assert not any(value in said for value in SECRETS.values())


@pytest.mark.parametrize(
    ("major", "redis", "words"),
    [
        (18, {"sentinels": [{"host": "a"}], "tls": True}, "speaks no TLS to sentinels"),
        (
            14,
            {"tasks": {"sentinels": [{"host": "a"}], "sentinel_password_env": "LOG_TOKEN"}},
            "no password",
        ),
        (29, {"password_env": "NOWHERE"}, "NOWHERE, which is not among its `env` or `secrets`"),
        (29, {"tasks": {"sentinel_password_env": "NOWHERE"}}, "NOWHERE"),
    ],
)
def test_what_a_client_cannot_do_is_refused(
    box: Path, major: int, redis: dict[str, Any], words: str
) -> None:
    hosts = {"web1": {"roles": ["server"]}}
    environment = made(box, hosts, major, actionhero={"redis": redis})
    with pytest.raises(DeployError, match=words) as caught:
        render_config(environment, environment.hosts["web1"])
    assert caught.value.host == "web1"


def test_the_newest_client_has_what_sentinels_ask(box: Path) -> None:
    place = {"sentinels": [{"host": "a"}], "tls": True, "sentinel_password_env": "LOG_TOKEN"}
    hosts = {"web1": {"roles": ["server"]}}
    environment = made(box, hosts, 29, actionhero={"redis": place})
    text = render_config(environment, environment.hosts["web1"])[FILES[29]]
    assert "sentinelPassword: process.env.LOG_TOKEN" in text
    assert "enableTLSForSentinelMode: true" in text
    assert 'host: "127.0.0.1"' not in text
