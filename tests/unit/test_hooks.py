"""Hooks woven into plans: where each stands, for both strategies, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError
from deploy.inventory import load_environment
from deploy.plan import CONTROLLER, Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import call
from deploy.strategies.hooks import Circumstances, plan_last_hooks, weave_hooks

NEW, OLD = "2" * 40, "1" * 40
RELEASES = ("prepare", "once", "register", "activate", "decide", "confirm", "after", "finish")
IN_PLACE = ("prepare", "once", "activate", "after")
ONCE = {"run": "echo once"}
LOCAL = {"run": "echo local", "where": "local"}
EACH = {"run": "echo each", "on": "each"}
MOMENTS = (
    "before_prepare",
    "after_prepare",
    "before_activate",
    "after_activate",
    "before_finish",
    "after_finish",
)


def about(tmp_path: Path, hooks: dict[str, Any], **more: Any) -> Circumstances:
    inventory = {
        "app": {"name": "chat", "repository": "git@git:chat.git", "path": "/srv/chat"},
        "strategy": more.pop("strategy", "in_place"),
        "roles": {"server": {"serves": True}},
        "hosts": {"web1": {"roles": ["server"]}, "web2": {"roles": ["server"]}},
        "hooks": hooks,
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(inventory))
    environment = load_environment("test", tmp_path)
    previous = {"web1": OLD, "web2": OLD}
    return Circumstances(environment, "run1", "ann", "/home/ann/chat", previous, **more)


def plan(names: tuple[str, ...], release: str = "") -> Plan:
    """Stages of one step; all hosts but for what one does for all."""

    def stage(name: str) -> Stage:
        hosts = ("web1", "web2") if name in ("prepare", "activate", "confirm") else ("web1",)
        batches = [Batch((HostSteps(h, (Step(name, name, call("note", "x")),)),)) for h in hosts]
        return Stage(name, tuple(batches))

    return Plan("test", "any", NEW, tuple(map(stage, names)), release=release)


def ids(steps: HostSteps) -> list[str]:
    return [step.id for step in steps.steps]


def facts_of(context: Context) -> str:
    (told,) = [one for one in context.calls if one.verb == "describe_run"]
    return str(told.arguments[0])


def names(woven: Plan) -> list[str]:
    return [stage.name for stage in woven.stages]


def test_without_hooks_a_plan_stays_as_it_is(tmp_path: Path) -> None:
    assert weave_hooks(plan(RELEASES), about(tmp_path, {})) == plan(RELEASES)


@pytest.mark.parametrize("hook", [ONCE, LOCAL])
def test_what_runs_once_has_stages_around_the_phases(tmp_path: Path, hook: dict[str, Any]) -> None:
    every = {moment: [hook] for moment in MOMENTS}
    assert names(weave_hooks(plan(RELEASES), about(tmp_path, every))) == [
        *("before_prepare", "prepare", "after_prepare", "once", "before_activate", "register"),
        *("activate", "after_activate", "before_finish", "decide", "confirm", "after", "finish"),
    ]
    assert names(weave_hooks(plan(IN_PLACE), about(tmp_path, every))) == [
        *("before_prepare", "prepare", "after_prepare", "once", "before_activate", "activate"),
        *("after_activate", "before_finish", "after"),
    ]


def test_what_runs_on_each_host_stands_in_its_own_script(tmp_path: Path) -> None:
    """So that it is just before that host goes live, batch by batch, and costs no round trip."""
    told = about(tmp_path, {m: [EACH] for m in MOMENTS})
    woven = weave_hooks(plan(IN_PLACE), told)
    assert names(woven) == ["prepare", "once", "activate", "before_finish", "after"]
    activate = woven.stages[2]
    assert [ids(batch.hosts[0]) for batch in activate.batches] == [
        ["before_activate_1", "activate", "after_activate_1"]
    ] * 2
    last = woven.stages[3]
    assert [steps.host for steps in last.batches[0].hosts] == ["web1", "web2"]


def test_a_local_hook_for_each_host_runs_once_for_each(tmp_path: Path) -> None:
    told = about(tmp_path, {"before_activate": [{**LOCAL, "on": "each"}]})
    stage = weave_hooks(plan(IN_PLACE), told).stages[2]
    (steps,) = stage.batches[0].hosts
    assert steps.host == CONTROLLER
    assert ids(steps) == ["before_activate_1_web1", "before_activate_1_web2"]
    assert steps.steps[1].call.arguments[0] == "web2"
    assert steps.steps[1].call.arguments[-1] == "/home/ann/chat"
    assert not steps.context.environment, "the app's secrets stay with the app"


def test_the_facts_are_those_of_the_deploy(tmp_path: Path) -> None:
    told = about(tmp_path, {"before_prepare": [ONCE]}, strategy="releases")
    steps = weave_hooks(plan(RELEASES, "r1"), told).stages[0].batches[0].hosts[0]
    assert facts_of(steps.context).splitlines() == [
        "DEPLOY_ENVIRONMENT='test'",
        "DEPLOY_HOSTS='web1 web2'",
        f"DEPLOY_PREVIOUS='{OLD}'",
        "DEPLOY_RELEASE='r1'",
        f"DEPLOY_REVISION='{NEW}'",
        "DEPLOY_RUN='run1'",
        "DEPLOY_USER='ann'",
    ]
    assert steps.steps[0].call.arguments[4:] == (
        "/srv/chat/releases/r1",
        "/srv/chat/current",
        "/srv/chat",
    )


def test_the_last_hooks_know_the_outcome_and_only_warn(tmp_path: Path) -> None:
    told = about(tmp_path, {"after_finish": [EACH, LOCAL]}, outcome="failed")
    last = plan_last_hooks(plan(IN_PLACE), told, ["web2"])
    (stage,) = last.stages
    assert [[s.host for s in b.hosts] for b in stage.batches] == [["web2"], [CONTROLLER]]
    assert "DEPLOY_OUTCOME='failed'" in facts_of(stage.batches[0].hosts[0].context)
    assert {step.call.arguments[3] for _, _, step in last.steps()} == {"warn"}
    assert plan_last_hooks(plan(IN_PLACE), about(tmp_path, {}), ["web2"]).is_empty


def test_a_last_hook_that_is_to_stop_is_refused_at_load(tmp_path: Path) -> None:
    with pytest.raises(DeployError) as raised:
        about(tmp_path, {"after_finish": [{**ONCE, "on_failure": "stop"}]})
    assert "nothing to stop" in "".join(raised.value.details) + str(raised.value)
