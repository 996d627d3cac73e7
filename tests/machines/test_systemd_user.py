"""The supervisor `systemd-user` on a machine that logs out, reboots and loses power.

One machine a version of ActionHero: each test goes on from whatever the last one left there.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

from tests.lab.processes import wait_until
from tests.machines.server import APP, TOKEN, Server


def test_the_cluster_runs_under_a_user_unit(server18: Server) -> None:
    master = server18.pidfile()
    assert server18.mains() == {"0": master}
    group = server18.sh(f"cat /proc/{master}/cgroup")
    assert f"/user@{server18.account.uid}.service/app.slice/" in group
    assert server18.revision() == "1"


def test_values_reach_the_processes_unchanged(server18: Server) -> None:
    """Quotes, a carriage return and a line feed: EnvironmentFile= would change or lose them."""
    process = f"/proc/{server18.pidfile()}"
    values = server18.sh(f"base64 -w0 {process}/environ")
    environ = dict(e.split(b"=", 1) for e in b64decode(values).split(b"\0") if e)
    assert environ[b"SERVER_TOKEN"] == TOKEN
    assert environ[b"PROJECT_ROOT"] == APP.encode()
    assert environ[b"PORT"] == f"{APP}/.deploy/sockets/0.sock".encode()


def test_usr2_brings_the_second_revision_under_the_same_master(server18: Server) -> None:
    master = server18.pidfile()
    commit = server18.repository.commit("another", {})
    server18.succeed("deploy")
    assert server18.revision() == server18.repository.number(commit)
    assert server18.mains() == {"0": master}


def test_it_outlives_the_logout(server18: Server) -> None:
    revision = server18.revision()
    sessions = ("loginctl", "list-sessions", "--no-legend")
    wait_until(lambda: not server18.machine.run(*sessions).strip(), "the end of every session")
    assert server18.mains() == {"0": server18.pidfile()}
    assert server18.revision() == revision


def test_detached_refuses_what_systemd_would_start_again(server18: Server) -> None:
    master, revision = server18.pidfile(), server18.revision()
    server18.write_inventory(supervisor="detached")
    server18.repository.commit("another", {})
    for task in ("deploy", "stop", "restart"):
        done = server18.invoke(task)
        assert done.code == 1
        assert f"process {master} is run by systemd as actionhero-" in done.text
        assert "set supervisor: systemd-user" in done.text
    server18.write_inventory()
    assert server18.mains() == {"0": master}
    assert server18.revision() == revision


def test_a_reboot_starts_what_was_proved(server18: Server) -> None:
    boot, revision = server18.sh("cat /proc/sys/kernel/random/boot_id"), server18.revision()
    server18.reboot()
    server18.await_health()
    assert server18.sh("cat /proc/sys/kernel/random/boot_id") != boot
    assert boot.strip() in server18.sh("cat .deploy/activated")
    server18.succeed("pids")
    assert server18.mains() == {"0": server18.pidfile()}
    assert server18.revision() == revision


def test_a_deploy_goes_on_after_the_reboot(server18: Server) -> None:
    master = server18.pidfile()
    commit = server18.repository.commit("another", {})
    server18.succeed("deploy")
    assert server18.revision() == server18.repository.number(commit)
    assert server18.mains() == {"0": master}
    assert "nothing to do" in server18.succeed("deploy")


def test_after_a_power_cut_every_worker_serves(server18: Server) -> None:
    """A socket that nobody listens on is left: the workers would take it from each other."""
    revision = server18.revision()
    server18.cut_power()
    server18.await_health()
    server18.succeed("pids")
    assert server18.revision() == revision


def test_a_pidfile_whose_number_was_taken_again_does_not_stop_the_start(server18: Server) -> None:
    """As after a reboot; the number is now the user's own systemd's."""
    units = "'actionhero-*'"
    unit = server18.sh(f"systemctl --user list-units --plain --no-legend {units}").split()[0]
    manager = server18.machine.run("pgrep", "-u", server18.account.name, "-x", "systemd").strip()
    server18.sh(f"systemctl --user stop '{unit}'; echo {manager} >pids/cluster_pidfile")
    server18.sh(f"systemctl --user start '{unit}'")
    server18.await_health()
    assert server18.mains() == {"0": server18.pidfile()}


def test_a_stop_is_not_undone_by_systemd(server18: Server) -> None:
    server18.succeed("stop")
    state = "systemctl --user show --property=SubState --value 'actionhero-*'"
    assert "auto-restart" not in server18.sh(state)
    assert server18.mains() == {}
    server18.succeed("start")
    assert server18.mains() == {"0": server18.pidfile()}


def test_processes_roll_under_a_unit_each(server29: Server) -> None:
    before = server29.mains()
    assert set(before) == {"0", "1"}
    server29.repository.commit("the second", {})
    server29.succeed("deploy")
    after = server29.mains()
    assert set(after) == {"0", "1"}
    assert not set(after.values()) & set(before.values())
    assert {server29.revision(0), server29.revision(1)} == {"2"}


def test_a_process_that_was_scaled_away_does_not_come_back_at_boot(server29: Server) -> None:
    server29.succeed("scale", "--workers", "1")
    kept = server29.mains()
    assert set(kept) == {"0"}
    server29.write_inventory(workers=1)
    server29.reboot()
    server29.await_health()
    assert set(server29.mains()) == {"0"}
    server29.succeed("pids")


def test_nothing_is_left_when_a_machine_is_off(server29: Server) -> None:
    root, cable = server29.site.root, f"ve-{server29.machine.name}"
    assert Path("/sys/class/net", cable).exists()
    server29.down()
    assert not root.exists()
    assert not Path("/sys/class/net", cable).exists()
    assert str(root) not in Path("/proc/mounts").read_text()
