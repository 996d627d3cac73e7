"""Configuring as a plan: what is compared, what is refused, what is checked and installed where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError
from deploy.facts.files import ConfigState, FileState, InstalledFile, parse_config
from deploy.inventory import Environment, load_environment
from deploy.inventory.layout import make_layout
from deploy.plan import Plan
from deploy.render.commands import command_words, trial_text
from deploy.render.programs import Secrets, render_programs
from deploy.render.sudoers import render_sudoers
from deploy.secrets import Masks
from deploy.strategies.configure import Part, plan_configure, refuse_obstacles

A, B = "/etc/own/a.conf", "/etc/own/b.conf"
OWN: dict[str, Any] = {
    "files": {
        "a.conf": {"template": "a.j2", "destination": A},
        "b.conf": {"template": "b.j2", "destination": B},
    },
    "check": "own -t {a.conf} -p {root}/etc",
    "reload": "own reload",
}
RIGHT = FileState("file", "0644", "deploy", "deploy", content=b"include /etc/own/b.conf;\n")
RIGHT_B = replace(RIGHT, content=b"b\n")


def load(tmp_path: Path, program: dict[str, Any], **more: Any) -> Environment:
    (tmp_path / "templates").mkdir(exist_ok=True)
    (tmp_path / "templates/a.j2").write_text("include /etc/own/b.conf;\n")
    (tmp_path / "templates/b.j2").write_text("b\n")
    inventory = {
        "app": {"name": "chat", "repository": "git@git:chat.git", "path": "/srv/chat"},
        "programs": {"own": program},
        "roles": {"web": {}},
        "hosts": {name: {"roles": ["web"]} for name in ("web1", "web2", "web3")},
        **more,
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    return load_environment("test", tmp_path)


def part(
    tmp_path: Path, environment: Environment, states: dict[str, FileState], **more: Any
) -> Part:
    host = environment.hosts[more.pop("host", "web1")]
    programs = render_programs(environment, host, Secrets({}, str), project=tmp_path)
    state = ConfigState(states, more.pop("installed", {}), **more)
    return Part(host, programs, state, {})


def calls(plan: Plan, stage: str) -> list[str]:
    return [str(step.call) for one, _, step in plan.steps() if one.name == stage]


def test_what_is_as_it_is_to_be_makes_no_plan(tmp_path: Path) -> None:
    environment = load(tmp_path, OWN)
    one = part(tmp_path, environment, {A: RIGHT, B: RIGHT_B})
    assert plan_configure(environment, [one], "r1", Masks()).is_empty


@pytest.mark.parametrize(
    "other", [{"content": b"x"}, {"mode": "0600"}, {"kind": "absent", "content": b"b\n"}]
)
def test_all_files_are_checked_and_changed_ones_installed(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    environment = load(tmp_path, OWN)
    one = part(tmp_path, environment, {A: RIGHT, B: replace(RIGHT_B, **other)})
    masks = Masks()
    plan = plan_configure(environment, [one], "r1", masks)
    trial = "/srv/chat/.deploy/config/trial"
    a, b = (masks.hash(text) for text in ("include /etc/own/b.conf;\n", "b\n"))
    assert calls(plan, "check") == [
        "clear_stage",
        f"stage_files 'own' '{A}' '«{A} {a}»' '«{A} {a} for the check»' '{B}' '«{B} {b}»' ''",
        "check_files 'own' 'no' '60' 'sh' '-c' 'own -t '\\''"
        f"{trial}{A}'\\'' -p '\\''{trial}'\\''/etc'",
    ]
    assert calls(plan, "install") == [
        f"install_files 'own' 'no' '{B}' '0644' '-'",
        "reload_program 'own' 'no' '60' 'sh' '-c' 'own reload'",
        f"record_files '{B}' '0644' '-'",
    ]
    undos = [str(step.undo) for _, _, step in plan.steps() if step.undo]
    assert undos == ["restore_files 'own' 'no' '60' 'sh' '-c' 'own reload'", "forget_files"]


def test_a_program_that_a_killed_run_left_is_taken_up_again(tmp_path: Path) -> None:
    environment = load(tmp_path, OWN)
    one = part(tmp_path, environment, {A: RIGHT, B: RIGHT_B}, unproved=("own",))
    plan = plan_configure(environment, [one], "r1", Masks())
    assert calls(plan, "install")[:2] == [
        "install_files 'own' 'no'",
        "reload_program 'own' 'no' '60' 'sh' '-c' 'own reload'",
    ]


def test_hosts_are_checked_at_once_and_installed_by_the_rollout(tmp_path: Path) -> None:
    environment = load(tmp_path, OWN, rollout={"batches": [1, "100%"], "pause": 3})
    parts = [part(tmp_path, environment, {}, host=name) for name in environment.hosts]
    check, install = plan_configure(environment, parts, "r1", Masks()).stages
    assert [len(batch.hosts) for batch in check.batches] == [3]
    assert [len(batch.hosts) for batch in install.batches] == [1, 2]
    assert install.pause == 3
    assert not any(step.undo for batch in check.batches for h in batch.hosts for step in h.steps)


def test_hosts_that_are_as_they_are_to_be_have_no_part(tmp_path: Path) -> None:
    environment = load(tmp_path, OWN)
    parts = [
        part(tmp_path, environment, {A: RIGHT, B: RIGHT_B}, host="web1"),
        part(tmp_path, environment, {}, host="web2"),
    ]
    plan = plan_configure(environment, parts, "r1", Masks())
    assert {host for _, host, _ in plan.steps()} == {"web2"}


LAST = InstalledFile("0644", "", 1_700_000_000, b"old\n")


@pytest.mark.parametrize(
    ("there", "by_hand"),
    [
        (replace(RIGHT_B, content=b"old\n"), False),
        (replace(RIGHT_B, content=b"mine\n"), True),
        (replace(RIGHT_B, content=b"old\n", mode="0666"), True),
        (FileState(), True),
        (RIGHT_B, False),
    ],
    ids=["as installed", "edited", "other mode", "removed", "already as it is to be"],
)
def test_by_hand_is_what_is_neither_installed_nor_to_be(
    tmp_path: Path, there: FileState, *, by_hand: bool
) -> None:
    one = part(tmp_path, load(tmp_path, OWN), {A: RIGHT, B: there}, installed={B: LAST})
    assert [compared.is_hand_edited for compared in one.compared] == [False, by_hand]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (FileState("link", link="../b"), f"{B} is a link to ../b"),
        (FileState("directory"), f"{B} is no file but a directory"),
        (FileState("other"), f"{B} is no file but a device or socket"),
        (FileState(fault="ann may not write in /etc/own"), "ann may not write in /etc/own"),
    ],
)
def test_what_no_file_may_replace_is_refused_for_all_hosts_at_once(
    tmp_path: Path, there: FileState, said: str
) -> None:
    environment = load(tmp_path, OWN)
    parts = [
        part(tmp_path, environment, {A: RIGHT, B: there}, host=name) for name in ("web1", "web2")
    ]
    with pytest.raises(DeployError) as raised:
        refuse_obstacles(parts)
    assert said in raised.value.message
    assert [one.host for one in (raised.value, *raised.value.others)] == ["web1", "web2"]


def test_a_fault_of_a_file_that_stays_is_none(tmp_path: Path) -> None:
    states = {A: RIGHT, B: replace(RIGHT_B, fault="ann may not write in /etc/own")}
    refuse_obstacles([part(tmp_path, load(tmp_path, OWN), states)])


def test_only_whole_paths_lead_into_the_trial_tree(tmp_path: Path) -> None:
    (one,) = part(tmp_path, load(tmp_path, OWN), {}).programs
    text = f"include {B}; include {B}.off; include /x{B}; # see {B}.\n"
    assert trial_text(text, one, "/t") == (
        f"include /t{B}; include {B}.off; include /x{B}; # see /t{B}.\n"
    )


def test_a_command_of_root_is_its_own_words_and_any_other_a_line_of_a_shell(tmp_path: Path) -> None:
    check = "/usr/sbin/own -t {a.conf} -p {root}/etc"
    root = {**OWN, "sudo": True, "check": check, "reload": "/bin/own"}
    (one,) = part(tmp_path, load(tmp_path, root), {}).programs
    assert command_words(one, one.program.check, "/t") == (
        *("/usr/sbin/own", "-t", f"/t{A}", "-p", "/t/etc"),
    )
    (other,) = part(tmp_path, load(tmp_path, {**OWN, "check": "a ${b} | c {a.conf}"}), {}).programs
    assert command_words(other, other.program.check, "/t x") == (
        *("sh", "-c", f"a ${{b}} | c '/t x{A}'"),
    )


def test_a_knob_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"\{knobs.port\} is no knob of own"):
        plan_configure(
            environment := load(tmp_path, {**OWN, "check": "own {knobs.port}"}),
            [part(tmp_path, environment, {})],
            "r1",
            Masks(),
        )


def test_rules_for_sudo_are_exact_and_for_paths_that_can_be(tmp_path: Path) -> None:
    program = {
        **OWN,
        "sudo": True,
        "check": "/usr/sbin/own -c {a.conf}",
        "reload": "/bin/own --now=1",
        "pidfile": "/run/own.pid",
    }
    programs = part(tmp_path, load(tmp_path, program), {}).programs
    rules = render_sudoers("web1", make_layout("/srv/chat"), "ann", programs)["sudoers"]
    lines = rules.splitlines()
    assert f"ann ALL=(root) NOPASSWD: /usr/bin/cat -- {A}" in lines
    assert "ann ALL=(root) NOPASSWD: /usr/bin/cat -- /run/own.pid" in lines
    assert f"ann ALL=(root) NOPASSWD: /usr/sbin/own -c /srv/chat/.deploy/config/trial{A}" in lines
    assert "ann ALL=(root) NOPASSWD: /bin/own --now\\=1" in lines
    assert not [line for line in lines[2:] if "*" in line]
    with pytest.raises(DeployError, match="cannot be part of an exact rule"):
        render_sudoers("web1", make_layout("/srv/my chat"), "ann", programs)
    assert render_sudoers("web1", make_layout("/srv/chat"), "ann", []) == {}


def test_an_answer_of_the_host_is_read() -> None:
    text = (
        "file\t/a\t81a4/root/adm\t\t\tYQ==\nfile\t/b\ta1ff/root/root\t/c\t\t\n"
        "file\t/d\t\t\tPermission denied\t\nunproved\town\ninstalled\t/a\t0644\t-\t17\tYQ==\n"
    )
    state = parse_config(text)
    assert state.files["/a"] == FileState("file", "0644", "root", "adm", content=b"a")
    assert state.files["/b"] == FileState("link", "0777", "root", "root", link="/c")
    assert state.files["/d"] == FileState(fault="Permission denied")
    assert state.installed == {"/a": InstalledFile("0644", "", 17, b"a")}
    assert state.unproved == ("own",)
