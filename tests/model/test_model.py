"""Explores the decision protocol: with all rules nothing breaks, without any one something does.
The sizes are in settings.py; docs/protocol.md tells what is found."""

import gc
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.model import controllers, faults, hosts, register, turns
from tests.model.__main__ import print_stories, row
from tests.model.explore import Explorer
from tests.model.moves import Setting
from tests.model.rules import Rules
from tests.model.settings import COUNTEREXAMPLES, IN_THE_TESTS, SECOND_LINE, without

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")
NAMES = [rule.name for rule in fields(Rules)]
GOLDEN = Path(__file__).parent / "golden" / "freeze_first.txt"

STEPS = {
    controllers: ["take_lock", "freeze_switch", "resume_switch"],
    hosts: ["switch_live", "point_live", "prove_release", "settle_switch", "watch_pending", "boot"],
    register: ["decide_register", "confirm_switch", "return_switch"],
    turns: ["open_register", "forget_register"],
}


@pytest.fixture(autouse=True)
def unobserved() -> Iterator[None]:
    """A tracer that looks at every call would double what takes longest, and nothing is garbage."""
    tracer = sys.gettrace()
    sys.settrace(None)
    gc.disable()
    yield
    gc.enable()
    sys.settrace(tracer)


def _size(setting: Setting) -> str:
    return f"{setting.hosts}hosts-{setting.runs}deploys-{setting.faults}faults"


def _is_small(setting: Setting) -> bool:
    return setting.hosts * setting.runs + setting.faults < 4


@pytest.mark.parametrize("setting", IN_THE_TESTS, ids=_size)
def test_every_interleaving_keeps_the_promises(setting: Setting) -> None:
    outcome = Explorer(setting).explore()
    assert list(outcome.story) == []
    assert f"| {setting.faults} | {outcome.states:,} |" in PAGE


@pytest.mark.parametrize("rule", COUNTEREXAMPLES)
def test_each_rule_taken_out_breaks_a_promise(rule: str) -> None:
    outcome = Explorer(without(rule)).explore()
    assert outcome.broken == COUNTEREXAMPLES[rule][0]
    assert f"! {outcome.broken}" in outcome.story[-1]


@pytest.mark.parametrize("rule", COUNTEREXAMPLES)
def test_a_counterexample_is_the_smallest_of_its_kind(rule: str) -> None:
    setting = without(rule)
    smaller = [
        replace(setting, hosts=setting.hosts - 1),
        replace(setting, runs=setting.runs - 1),
        replace(setting, faults=setting.faults - 1),
    ]
    possible = [each for each in smaller if each.hosts and each.runs and each.faults >= 0]
    assert COUNTEREXAMPLES[rule][0] not in [Explorer(each).explore().broken for each in possible]


@pytest.mark.parametrize("rule", [rule for rule in COUNTEREXAMPLES if _is_small(without(rule))])
def test_what_is_forgotten_hides_no_broken_promise(rule: str) -> None:
    setting = replace(without(rule), forgetful=False)
    assert Explorer(setting).explore().broken


@pytest.mark.parametrize(
    "setting",
    [Setting(hosts=1, runs=2, faults=0), Setting(hosts=2, runs=1, faults=1)],
    ids=_size,
)
def test_what_is_forgotten_invents_no_broken_promise(setting: Setting) -> None:
    everything = Explorer(replace(setting, forgetful=False)).explore()
    assert everything.broken == Explorer(setting).explore().broken == ""


@pytest.mark.parametrize("rule", SECOND_LINE)
def test_a_second_line_is_never_reached_while_the_others_hold(rule: str) -> None:
    setting = Setting(faults=1, kinds=("link",))
    alone = replace(setting, rules=replace(Rules(), **{rule: False}))
    assert Explorer(alone).explore().states == Explorer(setting).explore().states


def test_every_rule_has_its_counterexample() -> None:
    assert [*COUNTEREXAMPLES, *SECOND_LINE] == [*_first_lines(), *SECOND_LINE]


def _first_lines() -> list[str]:
    return [rule for rule in NAMES if rule not in SECOND_LINE]


@pytest.mark.parametrize("rule", NAMES)
def test_every_rule_is_on_the_page(rule: str) -> None:
    assert f"`{rule}`" in PAGE


def test_a_story_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_stories(["freeze_first"])
    assert capsys.readouterr().out == GOLDEN.read_text("utf-8")


def test_an_unknown_rule_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert not print_stories(["no_such_rule"])
    assert "no such rule" in capsys.readouterr().err


def test_a_row_says_what_was_explored() -> None:
    setting = Setting(hosts=1, runs=1, faults=0)
    assert row(setting, Explorer(setting).explore()).startswith("|     1 |       1 |      0 |")


@pytest.mark.parametrize(("module", "names"), STEPS.items(), ids=lambda it: str(it)[:40])
def test_steps_have_the_names_of_the_code(module: object, names: list[str]) -> None:
    assert [name for name in names if not callable(getattr(module, name, None))] == []


def test_the_exploration_meets_every_phase_and_answer() -> None:
    explorer = Explorer(Setting(faults=1, kinds=("failover", "evict")))
    explorer.explore()
    phases = {phase for fleet in explorer.fleets.things for phase in fleet.phase}
    answers = {answer for fleet in explorer.fleets.things for answer in fleet.register}
    assert phases == {*controllers.AT_HOST, "idle", "leaving", "ended", "gone"} - {
        "returning unasked"  # only without rule 9
    }
    assert answers == {"", "open", "commit", "abort", "open elsewhere", "lost", "forgotten"}


def test_every_kind_of_fault_adds_states() -> None:
    none = Explorer(Setting(faults=0, runs=1)).explore().states
    silent = [
        kind
        for kind in faults.KINDS
        if Explorer(Setting(faults=1, runs=1, kinds=(kind,))).explore().states == none
    ]
    assert silent == []
