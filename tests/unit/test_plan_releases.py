"""The plan of a switch: what stands where, its way back, and what a rollback leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.checks import Target
from deploy.errors import DeployError
from deploy.facts.host import HostFacts, Standing
from deploy.facts.releases import Confirmed, Pending, Release, ReleasesState
from deploy.inventory import load_environment
from deploy.plan import Context, Plan, Stage
from deploy.reports.plan_text import plan_text
from deploy.shell import Secret
from deploy.strategies.in_place import Job, Request
from deploy.strategies.releases import plan_forgetting, plan_releases, release_name
from deploy.strategies.rollback import Returning, choose_release, plan_rollback
from deploy.strategies.settle import plan_resuming, plan_settling, unsettled
from tests.unit.test_plan import NEW, OLD, facts

GOLDEN = Path(__file__).with_name("golden")
RUN = "20261123T141502Z-ab12"
FIRST, SECOND = "20261120T100000Z-1111111", "20261121T100000Z-2222222"
INVENTORY = """
app: {name: chat, repository: git@git:chat.git, path: /srv/chat, build: [{run: npm run build}],
      once: [{run: npm run migrate, when: before_boot}, {run: npm run warm, when: before_switch},
             {run: npm run clean, when: after}]}
strategy: releases
env: {REDIS_HOST: redis.internal}
roles: {server: {serves: true}, worker: {serves: false, stop_timeout: 330}}
hosts: {web1: {roles: [server]}, web2: {roles: [server]}, jobs1: {roles: [worker]}}
rollout: {batches: [1, "100%"], max_failures: 1}
"""


def state(confirmed: str = FIRST, pending: Pending | None = None) -> ReleasesState:
    releases = tuple(Release(name, name[-7:] * 5, True, True) for name in (FIRST, SECOND))
    return ReleasesState(
        releases, Confirmed(confirmed, "run-0"), pending, live=confirmed, current=confirmed
    )


def serving(revision: str = OLD, confirmed: str = FIRST) -> HostFacts:
    return replace(facts(revision), releases=state(confirmed))


def request(tmp_path: Path, text: str = INVENTORY) -> Request:
    (tmp_path / "test.yml").write_text(text)
    target = Target(NEW, "start cluster", "18.1.4", has_lockfile=True, has_package=True)
    return Request(load_environment("test", tmp_path), target, RUN)


def jobs(asked: Request, **states: HostFacts) -> list[Job]:
    secrets = {"TOKEN": Secret("TOKEN", "hunter2"), "REDIS_HOST": "redis.internal"}
    return [Job(asked.environment.hosts[n], one, dict(secrets)) for n, one in states.items()]


def make_plan(tmp_path: Path, text: str = INVENTORY) -> Plan:
    asked = request(tmp_path, text)
    fleet = {name: serving() for name in ("web1", "web2", "jobs1")}
    return plan_releases(asked, jobs(asked, **fleet))


def stage(plan: Plan, name: str) -> Stage:
    return next(one for one in plan.stages if one.name == name)


def ids(plan: Plan, name: str, host: str) -> list[str]:
    return [step.id for s, h, step in plan.steps() if s.name == name and h == host]


def test_the_whole_plan_as_text(tmp_path: Path) -> None:
    """Read by a person before it was accepted; a change of it is a change of the product."""
    text = plan_text(make_plan(tmp_path))
    assert "hunter2" not in text
    assert text + "\n" == (GOLDEN / "plan-releases.txt").read_text()


def test_a_plan_goes_through_json_unchanged(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()


def test_nothing_live_is_touched_before_everything_is_prepared(tmp_path: Path) -> None:
    names = [one.name for one in make_plan(tmp_path).stages]
    expected = ["prepare", "once", "activate", "after", "decide", "confirm"]
    assert names == expected


def test_a_server_boots_before_it_goes_live_and_a_worker_after_it_is_pending(
    tmp_path: Path,
) -> None:
    plan = make_plan(tmp_path)
    web = [
        "check_release",
        "boot_release",
        "run_once_2",
        "switch_live",
        "prove_front",
        "watch_gate",
    ]
    assert ids(plan, "activate", "web1") == web
    assert ids(plan, "activate", "web2") == [one for one in web if one != "run_once_2"]
    assert ids(plan, "activate", "jobs1") == [
        *("check_release", "switch_live", "boot_release", "watch_gate")
    ]


def test_what_starts_after_it_is_live_starts_only_while_its_run_is_pending(tmp_path: Path) -> None:
    """Found: a watcher had returned, and the new code started beside the old, for good."""
    plan = make_plan(tmp_path)
    asked = {host: s.call.arguments for _, host, s in plan.steps() if s.id == "boot_release"}
    assert RUN in asked["jobs1"]
    assert RUN not in asked["web1"]


def test_what_must_not_run_twice_stops_between(tmp_path: Path) -> None:
    alone = INVENTORY.replace("stop_timeout: 330", "overlap: false")
    plan = make_plan(tmp_path, alone)
    expected = ["check_release", "switch_live", "stop_confirmed", "boot_release", "watch_gate"]
    assert ids(plan, "activate", "jobs1") == expected


def test_the_undo_of_a_switch_settles_it_and_all_hosts_go_back_at_once(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    undos = {step.id: step.undo.verb for _, _, step in plan.steps() if step.undo}
    assert undos == {"boot_release": "end_release", "switch_live": "settle_switch"}
    assert plan.returns_at_once
    assert stage(plan, "activate").max_failures == 1
    assert not stage(plan, "confirm").is_final


def test_without_a_register_a_confirmation_is_not_taken_back(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, INVENTORY + "decision: {kind: off}\n")
    names = {one.name for one in plan.stages}
    assert "decide" not in names
    assert "open_register" not in {step.id for _, _, step in plan.steps()}
    assert stage(plan, "confirm").is_final
    assert plan_forgetting(plan, RUN).is_empty


def test_the_register_is_forgotten_where_it_was_opened(tmp_path: Path) -> None:
    plan = plan_forgetting(make_plan(tmp_path), RUN)
    assert [(host, step.id) for _, host, step in plan.steps()] == [("web1", "forget_register")]


def test_hosts_where_the_target_is_confirmed_are_left_alone(tmp_path: Path) -> None:
    asked = request(tmp_path)
    fleet = {"web1": serving(NEW), "web2": serving(OLD), "jobs1": serving(NEW)}
    plan = plan_releases(asked, jobs(asked, **fleet))
    assert {host for _, host, _ in plan.steps()} == {"web2"}


def test_a_release_is_named_by_its_run_and_revision() -> None:
    assert release_name(RUN, NEW) == "20261123T141502Z-2222222"


def test_a_rollback_prepares_nothing_and_switches_to_the_one_before(tmp_path: Path) -> None:
    asked = request(tmp_path)
    states = {name: state(SECOND) for name in ("web1", "web2")}
    chosen = choose_release(states, "")
    assert chosen.name == FIRST
    parts = [Returning(asked.environment.hosts[n], Standing(one), {}) for n, one in states.items()]
    plan = plan_rollback(asked, parts, chosen)
    assert "prepare" not in {one.name for one in plan.stages}
    assert all(FIRST in str(s.call) for _, _, s in plan.steps() if s.id == "switch_live")


@pytest.mark.parametrize(("wanted", "found"), [("2222222", SECOND), (FIRST, FIRST)])
def test_a_release_is_named_in_whole_or_by_its_end(wanted: str, found: str) -> None:
    assert choose_release({"web1": state()}, wanted).name == found


def test_only_what_every_host_has_complete_and_proved_is_a_way_back() -> None:
    half = replace(state(SECOND), releases=(Release(FIRST, OLD, True, False), state().releases[1]))
    with pytest.raises(DeployError, match="no release to go back to"):
        choose_release({"web1": state(SECOND), "web2": half}, "")


def test_what_is_pending_is_settled_on_the_hosts_that_have_it(tmp_path: Path) -> None:
    asked = request(tmp_path)
    hosts = tuple(asked.environment.hosts.values())
    pending = Pending("run-1", SECOND, "inc")
    states = {"web1": state(pending=pending), "web2": state(), "jobs1": state(pending=pending)}
    contexts = {host.name: _NO_CONTEXT for host in hosts}
    assert unsettled(states) == ("run-1",)
    plan = plan_settling(asked.environment, hosts, states, contexts, "run-1")
    assert [host for _, host, _ in plan.steps()] == ["web1", "jobs1"]


@pytest.mark.parametrize(("confirmed_run", "outcome"), [("run-1", "confirm"), ("run-0", "return")])
def test_a_lost_register_is_settled_by_what_any_host_confirmed(
    tmp_path: Path, confirmed_run: str, outcome: str
) -> None:
    asked = request(tmp_path)
    hosts = tuple(asked.environment.hosts.values())
    confirmed = replace(state(), confirmed=Confirmed(SECOND, confirmed_run))
    pending = state(pending=Pending("run-1", SECOND, "inc"))
    states = {"web1": confirmed, "web2": pending, "jobs1": pending}
    contexts = {host.name: _NO_CONTEXT for host in hosts}
    plan = plan_resuming(asked.environment, hosts, states, contexts, "run-1")
    assert {step.call.arguments[1] for _, _, step in plan.steps()} == {outcome}


_NO_CONTEXT = Context()
