"""Files with a release on hosts that have its revision: part of the plan, and before any code."""

from __future__ import annotations

from pathlib import Path

from deploy.checks import Target
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import call
from deploy.strategies.configure import Files
from deploy.strategies.files_only import is_files_only, with_files_elsewhere
from deploy.strategies.in_place import Request
from tests.unit.test_configure import OWN, load, part

HOSTS = ("web1", "web2", "web3")


def planned(tmp_path: Path, *stages: Stage, hosts: tuple[str, ...] = HOSTS) -> Plan:
    """That plan, where no file of any host is as it is to be."""
    environment = load(tmp_path, OWN)
    parts = {name: part(tmp_path, environment, {}, host=name) for name in HOSTS}
    target = Target("f" * 40, "auto", "", has_lockfile=True, has_package=True)
    request = Request(environment, target, "run", files=Files(parts))
    plan = Plan("test", "in_place", target.revision, stages)
    return with_files_elsewhere(plan, request, hosts)


def stage(name: str, host: str) -> Stage:
    return Stage(name, (Batch((HostSteps(host, (Step("a", "a", call("a")),), Context()),)),))


def shown(plan: Plan) -> list[tuple[str, list[list[str]]]]:
    """Every stage with the hosts of its batches."""
    return [
        (one.name, [[steps.host for steps in batch.hosts] for batch in one.batches])
        for one in plan.stages
    ]


def test_where_no_code_is_to_go_the_files_are_all_of_the_plan(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert shown(plan) == [("check", [[*HOSTS]]), ("install", [["web1"], ["web2", "web3"]])]
    assert is_files_only(plan)


def test_files_are_checked_first_and_installed_before_code_goes_live(tmp_path: Path) -> None:
    """What fails there has switched nothing; the host that gets code has its files with it."""
    code = (stage("prepare", "web1"), stage("activate", "web1"), stage("confirm", "web1"))
    plan = planned(tmp_path, *code)
    assert [name for name, _ in shown(plan)] == [
        *("check", "prepare", "install", "activate", "confirm")
    ]
    assert shown(plan)[2] == ("install", [["web2"], ["web3"]])
    assert not is_files_only(plan)


def test_hosts_that_are_not_asked_for_keep_their_files(tmp_path: Path) -> None:
    assert shown(planned(tmp_path, hosts=("web3",))) == [
        *(("check", [["web3"]]), ("install", [["web3"]]))
    ]
