"""Releases on a machine: kept by the user's systemd, then by the machine's own, and what becomes of
them when it restarts while one is pending (PROTOCOL rules 10 to 13).

One machine: each test goes on from whatever the last one left there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.accounts import program
from tests.lab.processes import wait_until
from tests.machines.held import Held, by_releases, redis_elsewhere
from tests.machines.server import HOST, Server

SYSTEMD = {"supervisor": "systemd"}


@pytest.fixture(scope="module")
def held(boot: Callable[..., Server]) -> Held:
    """A small app on a machine, its first release deployed."""
    held = Held(boot(29, "releases", by_releases))
    held.install()
    held.server.succeed("deploy")
    return held


def test_what_is_not_decided_is_returned_by_the_machine_itself(held: Held) -> None:
    server, old = held.server, held.server.revision()
    with redis_elsewhere(server) as decision:
        server.write_inventory(**decision)
        held.lose_power_at("gate")
        held.await_settled()
    assert held.answers("decide-abort") == ["abort"]
    assert held.record("returned")
    assert server.revision() == old


def test_a_deploy_is_refused_until_systemd_and_sudo_know_the_app(held: Held) -> None:
    server, old = held.server, held.server.revision()
    server.write_inventory(**SYSTEMD)
    done = server.invoke("deploy")
    assert done.code == 1
    assert "systemd has no unit actionhero-srv-it" in done.text
    assert "sudo does not let ahlab run systemctl restart actionhero-srv-it" in done.text
    assert f"as root on {HOST}: sh build/{HOST}/systemd/install.sh" in done.text
    assert server.revision() == old


def test_what_sudo_permits_with_a_password_is_not_what_we_need(held: Held) -> None:
    """Found: `sudo -l` lists all of it once there is one rule without a password."""
    machine, others = held.server.machine, "/etc/sudoers.d/others"
    user = held.server.account.name
    rules = f"{user} ALL=(ALL) ALL\n{user} ALL=(root) NOPASSWD: /usr/bin/true\n"
    machine.run("sh", "-c", 'umask 337; printf %s "$1" >"$2"', "sh", rules, others)
    assert sudo_lists(held, "restart", "any.service")
    said = held.server.invoke("check").text
    machine.run("rm", others)
    assert f"sudo does not let {user} run systemctl stop actionhero-srv-it" in said


def test_what_an_administrator_installs_is_sound(held: Held) -> None:
    """The app's path has each character that means something to systemd, sudo or a shell."""
    out = held.server.site.directory(HOST)
    held.server.succeed("render-units", "--out", str(out))
    files = out / HOST / "systemd"
    subprocess.run([program("visudo"), "-c", "-f", files / "sudoers"], check=True)
    held.server.machine.run("sh", str(files / "install.sh"))
    verify = ("systemd-analyze", "verify", *map(str, system_units(held)))
    assert held.server.machine.run(*verify) == ""


def test_a_deploy_brings_the_app_under_the_machines_own_systemd(held: Held) -> None:
    server = held.server
    revision = server.repository.number(server.repository.commit("under systemd", {}))
    server.succeed("deploy")
    assert server.revision() == revision
    assert server.mains() == {}, "the user's systemd let go"
    [main] = mains(held)
    status = server.sh(f"cat /proc/{main}/status")
    assert f"Uid:\t{server.account.uid}" in status
    assert "NoNewPrivs:\t1" in status
    assert enabled(held) == [held.record("confirmed")["release"], "watcher"]
    server.sh(
        "rm ~/.config/systemd/user/default.target.wants/*"
    )  # its watcher settles nothing here


def test_a_rollback_starts_the_release_before_and_stops_this_one(held: Held) -> None:
    server = held.server
    server.repository.commit("another", {})
    server.succeed("deploy")
    new, [main] = server.revision(), mains(held)
    server.succeed("rollback")
    assert server.revision() == str(int(new) - 1)
    assert len(mains(held)) == 1
    assert mains(held) != [main]
    assert enabled(held) == [held.record("confirmed")["release"], "watcher"]


def test_sudo_lets_through_nothing_else(held: Held) -> None:
    unit = next(one.name for one in system_units(held) if "@" in one.name).replace("@", "@0")
    allowed = sudo_lists(held, "stop", unit)
    refused = [
        ("stop", "ssh.service"),
        ("mask", unit),
        ("stop", f"{unit} ssh.service"),
        ("stop", unit, "ssh.service"),
        ("stop", unit.replace("@0", "@0 ssh.service --now x")),
        ("stop", unit.replace("@0", "@*")),
        ("--no-block", "stop", unit),
    ]
    assert allowed
    assert [words for words in refused if sudo_lists(held, *words)] == []


def test_what_is_decided_is_confirmed_by_the_machine_itself(held: Held) -> None:
    """Rule 12: boot starts the confirmed release, and to confirm the pending one starts it."""
    server = held.server
    with redis_elsewhere(server) as decision:
        server.write_inventory(**decision, **SYSTEMD)
        new = held.lose_power_at("decide-commit.after")
        held.await_settled()
    assert held.answers("decide-abort") == ["commit"]
    assert server.revision() == new
    starts = [held.record("confirmed")["release"], "watcher"]
    wait_until(lambda: enabled(held) == starts, "the end of the release before", 60)


def test_what_nobody_can_decide_waits_for_the_next_deploy(held: Held) -> None:
    """Redis restarted with the machine: the watcher must not guess; a deploy has all hosts."""
    server, old = held.server, held.server.revision()
    server.write_inventory(**SYSTEMD)
    new = held.lose_power_at("gate")
    wait_until(lambda: "undecidable" in held.answers("decide-abort"), "the watcher", 60)
    held.await_answer(old)  # what is confirmed was started
    assert f"run {held.record('pending')['run']} is not settled" in server.invoke("status").text
    assert "every host is frozen first" in server.succeed("deploy")
    assert server.revision() == new
    assert not held.record("pending")
    assert len(mains(held)) == 1


def system_units(held: Held) -> list[Path]:
    """The units that an administrator installed, as the machine has them."""
    files = held.server.site.directory(HOST) / HOST / "systemd"
    return [Path("/etc/systemd/system", one.name) for one in sorted(files.glob("*.service"))]


def mains(held: Held) -> list[int]:
    """The main processes of the app's units that run in the machine's systemd."""
    units = "systemctl list-units --state=running --plain --no-legend 'actionhero-*@*'"
    names = [line.split()[0] for line in held.server.sh(units).splitlines()]
    show = "systemctl show --property=MainPID --value"
    return [int(held.server.sh(f"{show} '{name}'")) for name in names]


def enabled(held: Held) -> list[str]:
    """The releases that start at boot, and `watcher` when that does."""
    links = held.server.sh("ls /etc/systemd/system/multi-user.target.wants")
    ours = [name for name in links.splitlines() if name.startswith("actionhero-")]
    return sorted(
        name.partition("@")[2].partition(".")[0] if "@" in name else "watcher" for name in ours
    )


def sudo_lists(held: Held, *words: str) -> bool:
    """The deploy user may run systemctl so, as root and without a password."""
    quoted = " ".join(f"'{word}'" for word in words)
    command = f'sudo -n -l "$(command -v systemctl)" {quoted} >/dev/null 2>&1 && echo yes || :'
    return "yes" in held.server.sh(command)
