"""Which processes are cluster masters, as the controller reads the host's answer."""

from __future__ import annotations

from deploy.facts.cluster import ClusterState, Process

MASTER = "node ./node_modules/.bin/actionhero start cluster --workers=2"


def process(pid: int, parent: int, command: str = MASTER) -> Process:
    return Process(pid, parent, 100, 1, "me", "/srv/app", command)


def masters(*processes: Process) -> list[int]:
    return [p.pid for p in ClusterState("boot", 200, "/srv/app", processes).masters]


def test_a_forked_copy_of_the_master_is_a_worker_to_be() -> None:
    assert masters(process(10, 1), process(11, 10)) == [10]


def test_a_wrapper_and_what_it_started_are_two() -> None:
    wrapper = process(10, 1, f"sh -c {MASTER}")
    assert masters(wrapper, process(11, 10)) == [10, 11]


def test_two_that_were_started_apart_are_two() -> None:
    assert masters(process(10, 1), process(11, 1)) == [10, 11]
