"""The way back is quick: what was proved before waits for nothing that nobody asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, Timer

import pytest

from deploy import events
from deploy.app.deploying import leave
from deploy.facts.host import Standing
from deploy.facts.releases import Confirmed, Release, ReleasesState
from deploy.inventory import load_environment
from deploy.plan import Plan
from deploy.strategies.hooks import Circumstances, weave_hooks
from deploy.strategies.in_place import Request
from deploy.strategies.rollback import Returning, WayBack, choose_release, plan_rollback
from tests.unit.test_plan import INVENTORY, request

SERVING = ReleasesState(confirmed=Confirmed("20260102T000000Z-2222222", "run2"))
STANDING = Standing(SERVING)


def plan(directory: Path, inventory: str, standing: Standing = STANDING) -> Plan:
    """A rollback of three hosts."""
    (directory / "back.yml").write_text(inventory.replace("in_place", "releases"))
    environment = load_environment("back", directory)
    asked = Request(environment, request(directory).target, "run3")
    parts = [Returning(host, standing, {}) for host in environment.hosts.values()]
    names = dict.fromkeys(environment.hosts, "20260101T000000Z-1111111")
    return plan_rollback(asked, parts, WayBack("1" * 40, names))


def steps(made: Plan) -> set[str]:
    return {s.id for stage in made.stages for b in stage.batches for h in b.hosts for s in h.steps}


def batches(made: Plan) -> list[int]:
    (stage,) = [stage for stage in made.stages if stage.name == "activate"]
    return [len(batch.hosts) for batch in stage.batches]


def test_all_hosts_go_back_at_once_without_gate_and_prune(tmp_path: Path) -> None:
    made = plan(tmp_path, INVENTORY.rpartition("rollout")[0])
    assert batches(made) == [3]
    assert not {"watch_gate", "prune_releases"} & steps(made)


def test_the_watcher_is_of_the_version_that_goes_back(tmp_path: Path) -> None:
    """Found: after an upgrade of this tool, an earlier version's watcher settled a rollback."""
    assert "install_watcher" in steps(plan(tmp_path, INVENTORY))


@pytest.mark.parametrize("gate", ["gate: {seconds: 3}", "gate: {command: 'true'}"])
def test_what_the_inventory_asks_for_is_kept(tmp_path: Path, gate: str) -> None:
    text = INVENTORY.replace("pause: 5", gate)
    made = plan(tmp_path, text)
    assert batches(made) == [1, 2]
    assert "watch_gate" in steps(made)


OLD, MID, NOW = "1" * 40, "2" * 40, "3" * 40
FIRST, X, Y, LAST = (f"2026010{day}T000000Z-{day}" for day in (1, 2, 3, 4))


def host_with(*names: tuple[str, str]) -> ReleasesState:
    """A host with these releases, name and revision, that serves the last one."""
    releases = tuple(Release(name, revision, True, True) for name, revision in names)
    return ReleasesState(releases, Confirmed(names[-1][0], "run"))


SKEWED = {
    "web1": host_with((FIRST, OLD), (X, MID), (LAST, NOW)),
    "web2": host_with((FIRST, OLD), (Y, MID), (LAST, NOW)),
}
"""The second revision came to each host by another run: a skew was mended."""


@pytest.mark.parametrize("wanted", ["", X, Y, "2"])
def test_the_same_revision_is_found_under_different_names(wanted: str) -> None:
    way = choose_release(SKEWED, wanted)
    assert way == WayBack(MID, {"web1": X, "web2": Y})


def test_after_a_rollback_the_next_one_goes_further_back() -> None:
    states = {
        host: replace(state, confirmed=Confirmed(name, "run"))
        for (host, state), name in zip(SKEWED.items(), (X, Y), strict=True)
    }
    assert choose_release(states, "").revision == OLD


def test_what_was_rolled_back_from_is_no_way_back_unless_it_is_named() -> None:
    """Found: after a rollback and a deploy, the next rollback chose the release that had failed."""
    state = host_with((FIRST, OLD), (X, MID), (LAST, NOW))
    first, bad, last = state.releases
    withdrawn = replace(state, releases=(first, replace(bad, was_withdrawn=True), last))
    assert choose_release({"web1": withdrawn}, "").revision == OLD
    assert choose_release({"web1": withdrawn}, X).revision == MID
    assert withdrawn.describe(withdrawn.releases[1]) == "rolled back from"


def test_a_release_that_is_named_is_taken_where_it_is_and_no_newer_one_of_it() -> None:
    twice = host_with((FIRST, OLD), (X, MID), (Y, MID), (LAST, NOW))
    assert choose_release({"web1": twice, "web2": twice}, X).names == {"web1": X, "web2": X}
    assert choose_release({"web1": twice, "web2": SKEWED["web2"]}, X).names["web2"] == Y


def test_each_host_goes_back_to_its_own_name_and_is_told_it(tmp_path: Path) -> None:
    text = INVENTORY.rpartition("rollout")[0] + "hooks: {after_activate: [{run: x, on: each}]}\n"
    (tmp_path / "back.yml").write_text(text.replace("in_place", "releases"))
    environment = load_environment("back", tmp_path)
    asked = Request(environment, request(tmp_path).target, "run3")
    parts = [
        Returning(environment.hosts[name], Standing(state), {}) for name, state in SKEWED.items()
    ]
    made = plan_rollback(asked, parts, choose_release(SKEWED, ""))
    lives = {host: s.call.arguments[1] for _, host, s in made.steps() if s.id == "switch_live"}
    assert lives == {"web1": X, "web2": Y}
    assert [made.release_on(host) for host in SKEWED] == [X, Y]
    assert Plan.from_json(made.to_json()).to_json() == made.to_json()
    about = Circumstances(environment, "run3", "ann", "/here", {})
    woven = weave_hooks(made, about)
    directories = {h: s.call.arguments for _, h, s in woven.steps() if s.call.verb == "run_hook"}
    assert f"/srv/chat/releases/{X}" in directories["web1"]
    assert f"/srv/chat/releases/{Y}" in directories["web2"]


def test_who_is_on_that_release_goes_only_where_something_is_against_it(tmp_path: Path) -> None:
    there = replace(SERVING, confirmed=Confirmed("20260101T000000Z-1111111", "run1"))
    assert plan(tmp_path, INVENTORY, Standing(there, doubt="")).is_empty
    assert batches(plan(tmp_path, INVENTORY, Standing(there, doubt="nothing runs"))) == [1, 2]


def test_the_fleet_is_proved_once_it_is_decided(tmp_path: Path) -> None:
    made = plan(tmp_path, INVENTORY)
    decided = plan(tmp_path, INVENTORY + "env: {REDIS_HOST: redis.internal}\n")
    assert [stage.name for stage in made.stages if stage.proves] == ["after"]
    assert [stage.name for stage in decided.stages if stage.proves] == ["decide"]


def test_a_dead_repository_does_not_keep_the_locks() -> None:
    """Found: with git's server dead, a rollback that was proved held them for minutes."""
    answer, told = Event(), list[events.Event]()
    beside = Thread(target=answer.wait, daemon=True)
    beside.start()
    late = Timer(20, answer.set)
    late.start()
    leave(beside, told.append, 0.01)
    assert beside.is_alive()
    assert "the repository does not answer" in str(told)
    late.cancel()
    answer.set()
