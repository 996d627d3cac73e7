"""The init script and monit start what was confirmed, once, and nothing during a deploy."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.remote.conftest import dash, environment  # noqa: F401  # fixtures
from tests.remote.fleet import DRAIN, Host, watchers
from tests.remote.harness import Shell, step
from tests.render_targets.conftest import make_environment, program, run
from tests.render_targets.rendering import put, rendered

USER = pwd.getpwuid(os.getuid()).pw_name


def made(box: Path, target: str, knobs: dict[str, Any] | None = None, **host: Any) -> Environment:
    web1 = {
        "roles": ["server"],
        "user": USER,
        "path": str(box / "a b"),
        "programs": {target: {}},
        target: {"wait": 20, **(knobs or {})},
    }
    more = {"strategy": host.pop("strategy")} if "strategy" in host else {}
    return make_environment(box, {"web1": {**web1, **host}}, **more)


@pytest.fixture
def confirmed(dash: Shell, box: Path) -> Iterator[Host]:  # noqa: F811
    """Release r1 runs, and is confirmed; its watcher has ended."""
    host = Host(dash, box / "a b")
    try:
        host.make("r1")
        assert (done := host.go_live("run1", "r1")).code == 0, done.log
        assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
        wait_until(lambda: not watchers(host), "the watcher's end", 20)
        yield host
    finally:
        host.end()


@pytest.fixture
def script(box: Path) -> Path:
    return put(rendered(made(box, "init"), "web1", "init"), box)["actionhero"]


def boot(script: Path, verb: str = "start") -> subprocess.CompletedProcess[str]:
    return run("sh", script, verb)


def kill(host: Host) -> None:
    """As a crash of everything."""
    for pid in host.running("r1"):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.running("r1") == [], "the end of the processes")


def test_it_starts_what_was_confirmed_after_a_reboot(confirmed: Host, script: Path) -> None:
    kill(confirmed)
    (confirmed.root / ".deploy/booted").write_text("another boot")
    assert boot(script, "status").returncode == 3
    done = boot(script)
    assert (done.returncode, done.stdout) == (0, "actionhero: started\n")
    wait_until(lambda: len(confirmed.running("r1")) == 2, "both processes")
    wait_until(lambda: confirmed.answer() == "r1", "an answer")
    assert boot(script, "status").returncode == 0


def test_it_starts_what_crashed_in_the_same_boot(confirmed: Host, script: Path) -> None:
    kill(confirmed)
    assert boot(script).returncode == 0
    wait_until(lambda: len(confirmed.running("r1")) == 2, "both processes")


def test_it_starts_nothing_twice(confirmed: Host, script: Path) -> None:
    pids = confirmed.running("r1")
    assert boot(script).stdout == "actionhero: it runs\n"
    (confirmed.root / ".deploy/booted").write_text("another boot")
    assert boot(script).returncode == 0
    assert confirmed.running("r1") == pids


def test_it_leaves_a_deploy_alone(confirmed: Host, script: Path) -> None:
    kill(confirmed)
    with (confirmed.root / ".deploy/lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert boot(script).stdout.startswith("actionhero: a deploy is under way")
        assert boot(script, "status").returncode == 0
    (confirmed.root / ".deploy/pending").write_text("run=run2\n")
    assert "pending" in boot(script).stdout
    assert boot(script, "status").returncode == 0
    assert confirmed.running("r1") == []


def test_before_the_first_deploy_there_is_nothing_to_start(script: Path) -> None:
    for verb in ("start", "status"):
        assert boot(script, verb).stdout == "actionhero: nothing was deployed yet\n"
    assert boot(script, "stop").returncode == 0
    assert boot(script, "reload").returncode == 2


def test_root_starts_it_as_the_owner_of_the_app(box: Path) -> None:
    owner = "nobody" if os.getuid() == 0 else USER
    owned = made(box, "init", {"user": owner, "wait": 1})
    script = put(rendered(owned, "web1", "init"), box)["actionhero"]
    root = box / "a b"
    (root / ".deploy").mkdir(parents=True)
    (root / ".deploy/watcher").write_text("exit 0\n")
    for place in (box, root, root / ".deploy"):
        place.chmod(0o777)
    boot(script)
    wait_until((root / ".deploy/watcher.log").exists, "the watcher")
    assert (root / ".deploy/watcher.log").owner() == owner


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
def test_the_script_is_a_clean_shell_script(script: Path, shell: str) -> None:
    assert run(*shell.split(), "-n", script).stdout == ""
    assert run(program("shellcheck"), script).stdout == ""


def test_monit_accepts_what_is_rendered(box: Path) -> None:
    tls = {"certificate": "/etc/ssl/c.pem", "certificate_key": "/etc/ssl/c.key"}
    for nginx in ({}, {"listen": "127.0.0.1:8080"}, {"tls": tls}):
        files = put(rendered(made(box, "monit", nginx=nginx), "web1", "monit"), box)
        done = run("sh", files["check"], files["actionhero"])
        assert (done.returncode, done.stdout) == (0, "")
        assert (
            'with path "/usr/local/sbin/actionhero-boot status"' in files["actionhero"].read_text()
        )


def test_the_check_says_what_monit_does_not_accept(box: Path) -> None:
    files = put(rendered(made(box, "monit"), "web1", "monit"), box)
    file = files["actionhero"]
    file.write_text(file.read_text().replace("check program", "check programme"))
    done = run("sh", files["check"], file)
    assert (done.returncode, f"{file}:" in done.stdout) == (1, True), done.stdout


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ({"supervisor": "systemd"}, "two of them would fight"),
        ({"strategy": "in_place"}, "nothing on the host knows what to start"),
        ({"user": None}, "the user of the app's processes is not known"),
        ({"roles": ["store"]}, "it runs no ActionHero process"),
    ],
)
@pytest.mark.parametrize("target", ["init", "monit"])
def test_only_one_thing_starts_the_app(
    box: Path, target: str, host: dict[str, Any], what: str
) -> None:
    with pytest.raises(DeployError, match=what):
        rendered(made(box, target, **host), "web1", target)
