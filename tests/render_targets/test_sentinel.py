"""Three sentinels: they promote the replica, and keep what they know when their file changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.render_targets.conftest import Start, make_environment, program, run
from tests.render_targets.redises import Node
from tests.render_targets.rendering import rendered

CONFIG = "CONFIG_8d2"
FAST = {"down_after": 500, "failover_timeout": 3000}


@dataclass
class Fleet:
    """A primary, a replica and three sentinels."""

    primary: Node
    replica: Node
    sentinels: list[Node]
    box: Path

    @property
    def nodes(self) -> list[Node]:
        return [self.primary, self.replica, *self.sentinels]

    def made(self, *, sentinel: dict[str, Any] | None = None, **redis: Any) -> Environment:
        """Their environment; sentinels have to know what CONFIG is called."""
        redis = {"renamed": {"CONFIG": CONFIG, "DEBUG": ""}, **redis}
        hosts = {
            "redis1": self.primary.host(**redis),
            "redis2": self.replica.host(replica_of="redis1", **redis),
        }
        knobs = {**FAST, **(sentinel or {})}
        hosts |= {one.name: one.host(**knobs) for one in self.sentinels}
        return make_environment(self.box, hosts)

    def start(self, start: Start) -> None:
        """All of them, until each sentinel knows the replica and both others."""
        environment = self.made()
        for one in self.nodes:
            one.write(environment)
            one.start(start)
        wait_until(lambda: all(knows(one) == (1, 2) for one in self.sentinels), "sentinels", 30)


@pytest.fixture
def fleet(box: Path) -> Fleet:
    primary, replica = (Node(name, "redis_server", box / name) for name in ("redis1", "redis2"))
    sentinels = [Node(f"guard{i}", "sentinel", box / f"guard{i}") for i in (1, 2, 3)]
    return Fleet(primary, replica, sentinels, box)


def knows(sentinel: Node) -> tuple[int, int]:
    """Replicas that follow, and other sentinels."""
    words = sentinel.ask("SENTINEL", "MASTER", "mymaster").splitlines()
    said = dict(zip(words[::2], words[1::2], strict=False))
    synced = sentinel.ask("SENTINEL", "REPLICAS", "mymaster").count("\nok\n")
    return min(synced, int(said["num-slaves"])), int(said["num-other-sentinels"])


def primaries(fleet: Fleet) -> set[int]:
    """The port of the primary that clients are told, by each sentinel."""
    asked = ("SENTINEL", "get-master-addr-by-name", "mymaster")
    return {int(one.ask(*asked).split()[1]) for one in fleet.sentinels}


def test_the_replica_is_promoted_and_a_new_file_changes_nothing_of_it(
    fleet: Fleet, start: Start
) -> None:
    fleet.start(start)
    fleet.primary.ask("SET", "task", "one")
    wait_until(lambda: fleet.replica.ask("GET", "task") == "one", "the replica")

    fleet.primary.stop()
    wait_until(lambda: fleet.replica.info("role") == "master", "the promotion", 20)
    assert fleet.replica.ask("GET", "task") == "one"
    guard = fleet.sentinels[0]
    wait_until(lambda: primaries(fleet) == {fleet.replica.port}, "the word of all sentinels", 30)

    # `configure` with another knob: the file that a sentinel writes itself has what it found out.
    ids = [one.ask("SENTINEL", "MYID") for one in fleet.sentinels]
    environment = fleet.made(sentinel={"parallel_syncs": 2, "down_after": 60000}, databases=8)
    for one in fleet.sentinels:
        one.stop()
        one.write(environment)
        one.start(start)
    assert [one.ask("SENTINEL", "MYID") for one in fleet.sentinels] == ids
    assert primaries(fleet) == {fleet.replica.port}
    assert "parallel-syncs\n2" in guard.ask("SENTINEL", "MASTER", "mymaster")
    assert [knows(one)[1] for one in fleet.sentinels] == [2, 2, 2]

    # The promoted one stays primary, whatever the inventory says of it; the other one follows it.
    for one in (fleet.replica, fleet.primary):
        if one is fleet.replica:
            one.ask("SAVE")
            one.stop()
        one.write(environment)
        one.start(start)
        assert one.get("databases", CONFIG) == "8"
    assert fleet.replica.info("role") == "master"
    wait_until(lambda: fleet.primary.info("role") == "slave", "the old primary", 30)
    assert fleet.replica.ask("GET", "task") == "one"


def test_sentinels_use_the_new_name_of_config(fleet: Fleet) -> None:
    environment = fleet.made()
    for one in fleet.nodes:
        one.write(environment)
    text = fleet.sentinels[0].live.read_text()
    assert "\nsentinel rename-command mymaster CONFIG CONFIG_8d2\n" in text
    assert "\nrename-command CONFIG CONFIG_8d2\n" in fleet.primary.live.read_text()


def test_the_check_names_the_line_that_a_sentinel_does_not_accept(fleet: Fleet) -> None:
    guard = fleet.sentinels[0]
    guard.write(fleet.made())
    file = guard.directory / "sentinel.conf"
    file.write_text(file.read_text().replace("parallel-syncs mymaster 1", "parallel-syncs other 1"))
    done = guard.script("check", str(file))
    assert (done.returncode, f"{file}:" in done.stdout) == (1, True), done.stdout


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_the_script_is_a_clean_shell_script(fleet: Fleet, shell: str) -> None:
    guard = fleet.sentinels[0]
    guard.write(fleet.made())
    assert run(*shell.split(), "-n", guard.directory / "script").stdout == ""
    assert run(program("shellcheck"), guard.directory / "script").stdout == ""


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"quorum": 4}, "a quorum of 4 is never reached by 3 sentinels"),
        ({"primary": "redis2"}, "primary names redis2, which follows another one"),
        ({"primary": "guard1"}, "primary names 'guard1', which is no host with redis_server"),
    ],
)
def test_what_sentinels_watch_has_to_fit(fleet: Fleet, knobs: dict[str, Any], what: str) -> None:
    with pytest.raises(DeployError, match=what):
        rendered(fleet.made(sentinel=knobs), "guard1", "sentinel")


def test_sentinels_need_config(fleet: Fleet) -> None:
    with pytest.raises(DeployError, match="sentinels need CONFIG"):
        rendered(fleet.made(renamed={"CONFIG": ""}), "redis1", "redis_server")
