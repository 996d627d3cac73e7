"""Each rule of the preflight: one fixture that it finds, none where all is well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.checks import Finding, Subject
from deploy.checks.preflight import RULES, preflight
from deploy.facts.cluster import ClusterState, Pidfile, Process, Taken, Unit, parse_cluster
from deploy.facts.host import HostFacts
from deploy.facts.overlap import OverlapState, RedisState, parse_overlap
from deploy.facts.releases import Confirmed, ReleasesState
from tests.unit.test_plan import facts, request


def well() -> HostFacts:
    base = facts()
    machine = replace(base.machine, disk=10**9, inodes=10**6)
    return replace(base, machine=machine)


def machine(**values: object) -> HostFacts:
    return replace(well(), machine=replace(well().machine, **values))


def cluster(**values: object) -> HostFacts:
    return replace(well(), cluster=replace(well().cluster, **values))


SLEEP = Process(99, 1, 5, 99, "me", "/root", "/usr/bin/sleep", "sleep 1000")
START = "node bin/actionhero startCluster --workers=2"
ELSEWHERE = Process(7, 1, 100, 7, "me", "/srv/1", "/usr/bin/node", START)
BLOCKED = OverlapState(nginx_user="www-data", blocked=(("/home/deploy", "750"),))
FAULTS = {
    "walkable": replace(well(), overlap=BLOCKED),
    "overlap_memory": replace(well(), overlap=OverlapState(held=1000, room=1200)),
    "redis_clients": replace(
        well(), overlap=OverlapState(redis=RedisState(50, 60, 20, "10.0.0.5", "6379"))
    ),
    "confined": replace(well(), overlap=OverlapState(protect_home="yes")),
    "adopted": replace(well(), releases=ReleasesState(in_place=True)),
    "pidfile": cluster(pidfiles=(Pidfile("cluster_pidfile", "99", "foreign", SLEEP),)),
    "other_user": cluster(processes=(replace(well().cluster.masters[0], owner="root"),)),
    "elsewhere": cluster(root="/srv/2", processes=(ELSEWHERE,)),
    "tools": machine(npm=""),
    "node_pairing": machine(node="v20.11.1"),
    "package": well(),
    "room": machine(disk=1000),
    "ownership": replace(well(), foreign_files=("/srv/chat/node_modules",)),
    "logout": machine(kill_user_processes=True, linger=False),
    "limits": machine(files="256"),
    "capacity": cluster(workers_wanted=1),
    "local_changes": replace(well(), tree=replace(well().tree, dirty=("M config.js",), changes=1)),
    "supervision": cluster(units=(Unit(7, "system", "chat.service"),)),
    "units": machine(units=(("denied", "systemctl restart actionhero-srv-chat@0.service"),)),
    "taken": cluster(taken=(Taken(7, "8080"),)),
}


def subject(tmp_path: Path, state: HostFacts, *, has_package: bool = True) -> Subject:
    asked = request(tmp_path)
    host = asked.environment.hosts["web1"]
    target = replace(asked.target, has_package=has_package)
    return Subject(asked.environment, host, state, target, fleet={"web1": state})


def test_a_host_that_is_well_has_no_findings(tmp_path: Path) -> None:
    assert preflight([subject(tmp_path, well())]) == []


def test_every_rule_has_a_fixture() -> None:
    assert {rule.id for rule in RULES} == set(FAULTS)


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault_and_only_that(rule: str, tmp_path: Path) -> None:
    found = preflight([subject(tmp_path, FAULTS[rule], has_package=rule != "package")])
    assert [one.rule for one in found] == [rule]
    assert found[0].host == "web1"
    assert found[0].hint


ANSWER = """workers\t2
boot\tabc\t5000
root\t/srv/chat
process\t10\t1\t100\t10\tme\t/srv/chat\t/n/node\tnode\x1f./node_modules/.bin/actionhero\x1fstart\x1fcluster\x1f
process\t11\t10\t101\t10\tme\t/srv/chat\t/n/node\t/n/node\x1f/srv/chat/node_modules/actionhero/bin/actionhero\x1fstart\x1f
process\t12\t1\t90\t12\tme\t/srv/chat\t/usr/bin/vim.basic\tvim\x1fconfig/api.js\x1f
pidfile\tactionhero-worker-1\t11
pidfile\tactionhero-worker-2\t4242
pidfile\tcluster_pidfile\t10
pidfile\todd\tx1
pidfile\treused\t12
activated\trevision\tdeadbeef
taken\t10\t/srv/chat/shared/sockets/0.sock
"""


def test_processes_and_pidfiles_are_told_apart() -> None:
    state: ClusterState = parse_cluster(ANSWER)
    assert [p.pid for p in state.masters] == [10]
    assert [p.pid for p in state.workers] == [11]
    assert {p.name: p.verdict for p in state.pidfiles} == {
        "actionhero-worker-1": "ok",
        "actionhero-worker-2": "stale",
        "cluster_pidfile": "ok",
        "odd": "unreadable",
        "reused": "foreign",
    }
    assert state.activated == {"revision": "deadbeef"}
    assert state.taken == (Taken(10, "/srv/chat/shared/sockets/0.sock"),)


def test_memory_that_is_near_its_end_is_warned_of(tmp_path: Path) -> None:
    near = replace(well(), overlap=OverlapState(held=1000, room=1400))
    assert [one.severity for one in preflight([subject(tmp_path, near)])] == ["warning"]


@pytest.mark.parametrize(("room", "found"), [(1200, []), (200, ["error"])])
def test_a_host_that_falls_back_to_a_restart_needs_room_for_the_new_code_alone(
    tmp_path: Path, room: int, found: list[str]
) -> None:
    asked = subject(tmp_path, replace(well(), overlap=OverlapState(held=1000, room=room)))
    settings = asked.host.settings.model_copy(update={"fallback": "restart"})
    host = asked.host.model_copy(update={"settings": settings})
    assert [one.severity for one in preflight([replace(asked, host=host)])] == found


def crowd(tmp_path: Path, **settings: object) -> list[Finding]:
    """Two hosts of twenty connections each, to a redis that takes 100 and has 60."""
    state = replace(well(), overlap=OverlapState(redis=RedisState(60, 100, 20, "10.0.0.5", "6379")))
    asked = subject(tmp_path, state)
    hosts = {
        name: host.model_copy(update={"settings": host.settings.model_copy(update=settings)})
        for name, host in asked.environment.hosts.items()
    }
    environment = asked.environment.model_copy(update={"hosts": hosts})
    fleet = {"web1": state, "web2": state}
    return preflight(
        [replace(asked, environment=environment, host=hosts[n], fleet=fleet) for n in fleet]
    )


def test_redis_has_to_hold_what_all_hosts_open_and_is_told_of_once(tmp_path: Path) -> None:
    (found,) = crowd(tmp_path)
    assert (found.rule, found.severity, found.host) == ("redis_clients", "warning", "web1")
    assert "60 are connected, and new processes beside the old ones open 40 more" in found.message
    assert found.hint.startswith("redis-cli -h 10.0.0.5 -p 6379 CONFIG SET maxclients 200,")


def test_what_stops_first_opens_no_more_than_it_had(tmp_path: Path) -> None:
    assert crowd(tmp_path, overlap=False) == []


def confined(tmp_path: Path, answer: str) -> list[Finding]:
    """What is found where a host says so of itself."""
    return preflight([subject(tmp_path, replace(well(), overlap=parse_overlap(answer)))])


def test_selinux_is_warned_of_with_the_command_that_labels_the_sockets(tmp_path: Path) -> None:
    (found,) = confined(tmp_path, "held\t0\nroom\t0\nselinux\n")
    assert (found.rule, found.severity) == ("confined", "warning")
    sockets = "/srv/chat/shared/sockets"
    assert f"semanage fcontext -a -t httpd_var_run_t '{sockets}(/.*)?'" in found.hint
    assert f"restorecon -R {sockets};" in found.hint


@pytest.mark.parametrize("value", ["yes", "tmpfs"])
def test_a_unit_that_hides_the_home_is_refused_with_what_opens_it(
    tmp_path: Path, value: str
) -> None:
    (found,) = confined(tmp_path, f"held\t0\nroom\t0\nprotect_home\t{value}\n")
    assert (found.rule, found.severity) == ("confined", "error")
    assert f"ProtectHome={value}" in found.message
    assert "printf '[Service]\\nProtectHome=read-only\\n' | sudo tee" in found.hint


@pytest.mark.parametrize("value", ["", "no", "read-only"])
def test_a_home_that_nginx_may_read_is_no_finding(tmp_path: Path, value: str) -> None:
    """Tried: a socket on a read-only mount can be connected to."""
    assert confined(tmp_path, f"held\t0\nroom\t0\nprotect_home\t{value}\n") == []


def test_what_pm2_runs_is_told_with_the_command_that_ends_that(tmp_path: Path) -> None:
    [found] = preflight([subject(tmp_path, cluster(units=(Unit(7, "pm2", "chat"),)))])
    assert found.message == "process 7 is run by pm2 as chat, and supervisor is detached"
    assert found.hint == "pm2 delete 'chat' && pm2 save --force, then deploy, which starts it"


def test_pm2_is_there_and_starts_at_boot(tmp_path: Path) -> None:
    [found] = preflight([subject(tmp_path, machine(pm2=""))])
    assert (found.severity, found.message) == ("error", "pm2 is not in PATH")
    [found] = preflight([subject(tmp_path, machine(pm2="/usr/bin/pm2"))])
    assert (found.severity, "at boot" in found.message) == ("warning", True)
    unit = "/etc/systemd/system/pm2-deploy.service"
    there = machine(pm2="/usr/bin/pm2", pm2_boot=unit)
    assert preflight([subject(tmp_path, there)]) == []


def test_a_socket_of_pm2_has_a_path_that_the_kernel_takes(tmp_path: Path) -> None:
    """Found: pm2 waited without end for a socket that was bound under a cut name."""
    booted = machine(pm2="/usr/bin/pm2", pm2_boot="crontab")
    fits = "/home/" + 92 * "h" + "/rpc.sock"
    there = replace(booted, machine=replace(booted.machine, pm2_socket=fits))
    assert preflight([subject(tmp_path, there)]) == []
    long = replace(booted, machine=replace(booted.machine, pm2_socket=fits.replace("hh", "hé", 1)))
    [found] = preflight([subject(tmp_path, long)])
    assert (found.rule, found.severity, found.host) == ("supervision", "error", "web1")
    assert found.message.startswith("the path of pm2's socket has 108 bytes, and the kernel takes")
    assert "PM2_HOME=/srv/.pm2 in /etc/environment" in found.hint


def test_with_releases_the_supervisor_may_change(tmp_path: Path) -> None:
    """The old release ends under its own; in place, there would be two keepers."""
    kept = cluster(units=(Unit(7, "user", "actionhero-srv-chat@0.service"),))
    [found] = preflight([subject(tmp_path, kept)])
    assert found.hint == "set supervisor: systemd-user in the inventory"
    moving = replace(kept, releases=ReleasesState(confirmed=Confirmed("a", "1")))
    assert preflight([subject(tmp_path, moving)]) == []


def test_a_unit_with_another_text_is_warned_of(tmp_path: Path) -> None:
    path = "/etc/systemd/system/actionhero-srv-chat@.service"
    [found] = preflight([subject(tmp_path, machine(units=(("differs", path),)))])
    assert (found.rule, found.severity) == ("units", "warning")


def test_what_a_host_says_of_the_overlap_is_read() -> None:
    text = "held\t10\nroom\t20\nredis\t5\t9\t2\t::1\t6380\n"
    text += "nginx_user\tweb\nblocked\t/a b\t700\nselinux\n"
    redis = RedisState(5, 9, 2, "::1", "6380")
    assert parse_overlap(text) == OverlapState(
        10, 20, "web", (("/a b", "700"),), selinux=True, redis=redis
    )


def test_more_workers_than_memory_holds_are_told_with_their_measured_size(tmp_path: Path) -> None:
    full = OverlapState(held=800 * 1024, room=10**9)  # by the one that runs
    base = replace(well(), overlap=full)
    small = replace(base, machine=replace(base.machine, total=2 * 1024**2))
    found = [one for one in preflight([subject(tmp_path, small)]) if one.rule == "capacity"]
    assert [one.severity for one in found] == ["warning"]
    assert "2 workers of 800 MB each" in found[0].message
    assert "worker_memory: 801m" in found[0].hint
    large = replace(base, machine=replace(base.machine, total=8 * 1024**2))
    assert not [one for one in preflight([subject(tmp_path, large)]) if one.rule == "capacity"]
