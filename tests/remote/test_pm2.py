"""The supervisor `pm2`, the real one: what it starts and stops, and what it brings back at boot."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from deploy.facts.machine import parse_machine
from deploy.shell import Call, call
from tests.lab.processes import find, wait_until
from tests.remote.fleet import DRAIN, SERVER, Host, watchers
from tests.remote.harness import Shell, fact, step
from tests.remote.pm2 import Pm2, make_pm2

STAND_IN = Path(__file__).parents[2] / "benchmarks/app/stand-in/bin/actionhero"


@pytest.fixture
def pm2(dash: Shell) -> Iterator[Pm2]:
    made = make_pm2(dash)
    yield made
    made.end()


@pytest.fixture
def host(pm2: Pm2, tmp_path: Path) -> Iterator[Host]:
    """Release 1 is confirmed, under pm2."""
    made = Host(pm2.shell, tmp_path / "a 'b'", supervisor="pm2")
    try:
        made.make("r1")
        go(made, "run1", "r1")
        yield made
    finally:
        pm2.end()
        made.end()


def go(host: Host, run: str, name: str) -> None:
    """That release goes live, and is confirmed."""
    assert (done := host.go_live(run, name)).code == 0, (done.refusal, done.log)
    done = host.run(name, step("confirm_switch", run, DRAIN))
    assert done.code == 0, (done.refusal, done.log)


def reboot(host: Host, pm2: Pm2, name: str) -> None:
    """All ends at once, and pm2 brings back what its dump names: another boot, by its name. That
    release serves then, and its watcher has ended.
    """
    pm2.power_off()
    for mark in (*host.root.glob("releases/*/.deploy/launched"), host.root / ".deploy/booted"):
        mark.write_text("an earlier boot")
    host.lapse()
    pm2.say("resurrect")
    wait_until(lambda: answers(host) == name, "an answer", 60)
    wait_until(lambda: watchers(host) == [], "the end of the watcher", 60)
    wait_until(lambda: len(host.running(name)) == 2, "both processes")


def answers(host: Host) -> str:
    """Which release answers; nothing when none does."""
    try:
        return host.answer()
    except CalledProcessError:
        return ""


def test_after_a_cut_over_and_a_reboot_pm2_runs_the_new_release_and_nothing_else(
    host: Host, pm2: Pm2
) -> None:
    host.make("r2")
    go(host, "run2", "r2")
    assert (pm2.named, sorted(pm2.listed)) == (["r2.0", "r2.1", "watcher"], sorted(names(pm2)))
    assert "RELEASE" not in (pm2.home / "dump.pm2").read_text()  # the app's environment
    reboot(host, pm2, "r2")
    assert host.running("r1") == []


def names(pm2: Pm2) -> list[str]:
    """What its dump names."""
    return [one["name"] for one in pm2.dump]


def test_a_dump_that_somebody_saved_during_a_deploy_brings_nothing_old_back(
    host: Host, pm2: Pm2, tmp_path: Path
) -> None:
    """Both run, and `pm2 save` names both; then only the old one, as if saved before."""
    shutil.copy(pm2.home / "dump.pm2", tmp_path / "before")
    host.make("r2")
    assert host.go_live("run2", "r2").code == 0
    pm2.say("save")
    assert pm2.named == ["r1.0", "r1.1", "r2.0", "r2.1", "watcher"]
    reboot(host, pm2, "r1")
    assert (host.record("pending"), host.running("r2")) == ({}, [])
    go(host, "run3", "r2")
    shutil.copy(tmp_path / "before", pm2.home / "dump.pm2")
    reboot(host, pm2, "r2")
    assert host.running("r1") == []


def test_what_a_killed_pm2_left_gets_no_second_beside_it(host: Host, pm2: Pm2) -> None:
    """The one that pm2 starts waits for its end, and takes its place."""
    old = host.running("r1")
    pm2.kill()
    pm2.say("resurrect")
    wait_until(lambda: len(waiting(host)) == 2, "both successors")
    assert sorted(serving(host)) == sorted(old)
    process = find(old[0])
    assert process is not None
    process.signal(signal.SIGKILL)
    wait_until(lambda: len(serving(host)) == 2 and old[0] not in serving(host), "its successor")
    assert host.run("r1", step("stop_cluster")).code == 0
    wait_until(lambda: host.running("r1") == [], "the end of all")
    assert list(pm2.listed.values()) != ["online"]


def waiting(host: Host) -> list[int]:
    """Processes of release 1 that are none of the app's yet."""
    found = [one for pid in host.running("r1") if (one := find(pid))]
    return [one.pid for one in found if ".deploy/start" in one.line]


def serving(host: Host) -> list[int]:
    answer = host.run("r1", fact("list_tops")).answer
    return [int(line.split()[0]) for line in answer.splitlines()]


@pytest.fixture
def tree(tmp_path: Path, pm2: Pm2) -> Iterator[Path]:
    """An app in place, of which nothing runs."""
    made = tmp_path / "app"
    for name in (".deploy", "dist", "node_modules/.bin"):
        (made / name).mkdir(parents=True)
    (made / "dist/server.js").write_text(SERVER.replace("BOOT", "").replace("STATUS", "200"))
    shutil.copy(STAND_IN, made / "node_modules/.bin/actionhero")
    yield made
    pm2.end()
    Host(pm2.shell, made).end()


def in_place(tree: Path, model: str, supervisor: str = "pm2") -> list[Call]:
    values = (model, "1", str(tree / "s"), "/api/status", "h", supervisor, 5)
    return [call("describe_cluster", str(tree), *values)]


@pytest.mark.parametrize("model", ["startCluster", "processes"])
def test_in_place_pm2_keeps_one_master_over_reload_reboot_and_stop(
    pm2: Pm2, tree: Path, model: str
) -> None:
    def tops() -> list[str]:
        return pm2.shell.run(fact("list_tops"), before=in_place(tree, model)).answer.splitlines()

    def run(*verbs: str | int) -> None:
        done = pm2.shell.run(step(*verbs), before=in_place(tree, model))  # type: ignore[arg-type]
        assert done.code == 0, (done.refusal, done.log)

    run("start_cluster", 20)
    run("prove_cluster", 20)
    (before,) = tops()
    assert pm2.named == ["0"]
    run("reload_cluster", 20)
    (after,) = tops()
    assert (after == before) is (model == "startCluster")  # USR2, or another process
    pm2.power_off()
    pm2.say("resurrect")
    wait_until(lambda: len(tops()) == 1, "the app")
    run("stop_cluster")
    assert (tops(), pm2.listed) == ([], {})


def test_another_name(pm2: Pm2, tree: Path) -> None:
    """What pm2 runs under a name of its own is told, and left alone: it would start again what
    another supervisor stops. (The test's name is part of paths, and those of sockets are short.)
    """
    (tree / "pids").mkdir()
    start = ("start", str(tree / "dist/server.js"), "--name", "chat", "--cwd", str(tree))
    pm2.say(*start, port="p.sock")  # the whole path may be longer than that of a socket can be
    before = in_place(tree, "processes", "detached")
    wait_until(lambda: bool(pm2.shell.run(fact("list_tops"), before=before).answer), "it")
    told = pm2.shell.run(fact("cluster_state"), before=before).answer
    assert [line.split("\t")[2:] for line in told.splitlines() if line.startswith("unit")] == [
        ["pm2", "chat"]
    ]
    for supervisor in ("detached", "pm2"):
        done = pm2.shell.run(step("stop_cluster"), before=in_place(tree, "processes", supervisor))
        assert "is run by pm2 as chat" in done.refusal
        assert "pm2 delete 'chat' && pm2 save --force" in done.refusal
    assert pm2.listed == {"chat": "online"}


def test_a_home_of_pm2_that_is_too_long_is_told_and_nothing_starts(pm2: Pm2, tree: Path) -> None:
    """Found: pm2 bound a cut name, and whoever told it something waited without end."""
    home = tree / ("h" * (108 - len(f"{tree}//rpc.sock")))
    pm2.shell.environment["PM2_HOME"] = str(home)
    before = in_place(tree, "processes")
    answer = pm2.shell.run(fact("host_state", str(tree)), before=before).answer
    assert parse_machine(answer).pm2_socket == f"{home}/rpc.sock"
    done = pm2.shell.run(step("start_cluster", 20), before=before)
    assert f"longer than 107 bytes: {home}/rpc.sock" in done.refusal
    assert not home.exists()
