"""Releases that look live and are not: each lie is set up for real, and is not believed.

Each test is named after its lie; where it was met stands below its name. Table: docs/proof.md.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.lab.processes import Process, find, wait_until
from tests.lies.places import Front, look, started
from tests.remote.fleet import DRAIN, SERVER, Host
from tests.remote.harness import Ran, step
from tests.remote.redis_server import ADDRESS, Redis

BOOT = step("boot_release", "r2", 20)


def lead(link: Path, target: str) -> None:
    """The link leads elsewhere, as after `ln -sfn`."""
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def booted(host: Host) -> Ran:
    """r2 runs beside r1, which serves."""
    done = host.run("r2", BOOT)
    assert done.code == 0, done.log
    return done


@pytest.mark.parametrize("link", ["current", "sockets/live"])
def test_the_link_was_moved_but_no_process_was(host: Host, link: str) -> None:
    """Measured: 14 behind a symlink; mina 16, and every deploy that ends with `ln -s`."""
    assert look(host).objection == ""
    lead(host.root / link, "releases/r2" if link == "current" else "r2")
    assert look(host).objection == f"{link} leads to r2, not to r1"


def test_the_record_names_a_release_that_does_not_run(host: Host) -> None:
    """Reported: false success (shipit-deploy 29, pm2-deploy 14)."""
    record = host.root / ".deploy/confirmed"
    record.write_text(record.read_text().replace("r1", "r2"))
    lead(host.root / "current", "releases/r2")
    lead(host.root / "sockets/live", "r2")
    assert look(host).objection == "0 of 2 workers run"


def test_what_was_confirmed_died_since(host: Host) -> None:
    """Measured: after `kill -9` every pidfile is left, and says that all is well."""
    for pid in host.running("r1"):
        process = find(pid)
        assert process is not None
        process.signal(signal.SIGKILL)
    wait_until(lambda: not host.running("r1"), "the end of r1")
    assert len(list((host.root / "releases/r1/pids").iterdir())) == 2
    assert look(host).objection == "0 of 2 workers run"


def test_the_release_was_removed_below_its_processes(host: Host) -> None:
    """Reported: cleanup of what a live process uses (capistrano-puma 396, pm2 1623)."""
    release = host.root / "releases/r1"
    shutil.copytree(release, release.with_name("again"))
    shutil.rmtree(release)
    release.with_name("again").rename(release)
    assert host.answer().startswith("r1"), "they answer all the same"
    assert look(host).objection == "0 of 2 workers run"


def test_one_of_two_processes_is_pinned_to_the_old_release(host: Host) -> None:
    """Reported: a process manager pinned to the old release (pm2 5939, 6129)."""
    booted(host)
    new = find(next(pid for pid in host.running("r2") if "h-r2-1" in title(pid)))
    assert new is not None
    new.signal(signal.SIGKILL)
    wait_until(lambda: not new.is_alive(), "its end")
    r2, old = host.root / "releases/r2", host.root / "releases/r1/dist/server.js"
    (host.root / "sockets/r2/1.sock").unlink()
    with started(r2, str(old), "h-r2-1", host.root / "sockets/r2/1.sock") as pid:
        done = host.run("r2", step("boot_release", "r2", 2))
    assert f"process {pid} runs {old}, which is not of {r2}" in done.refusal


def test_a_process_works_elsewhere_under_our_title(host: Host, tmp_path: Path) -> None:
    """Measured: a master started through `current` works in the first release for ever."""
    r1 = host.root / "releases/r1"
    shutil.copytree(r1 / "dist", tmp_path / "elsewhere/dist")
    booted(host)
    for pid in host.running("r2"):
        process = find(pid)
        assert process is not None
        process.signal(signal.SIGKILL)
    wait_until(lambda: not host.running("r2"), "the end of r2")
    (host.root / "sockets/r2/0.sock").unlink()
    with started(
        tmp_path / "elsewhere", "dist/server.js", "h-r2-0", host.root / "sockets/r2/0.sock"
    ):
        done = host.run("r2", step("watch_gate", 0, "", 1, "1", "", ""))
    assert done.refusal.startswith("the gate: a process of r2 ended after the switch")


@pytest.mark.parametrize("how", ["a link", "a second socket"])
def test_the_old_process_answers_the_new_ones_health_check(host: Host, how: str) -> None:
    """Measured: HTTP 200 proves nothing; a stale socket is taken over without a word."""
    booted(host)
    endpoint = host.root / "sockets/r2/0.sock"
    endpoint.unlink()
    r1 = host.root / "releases/r1"
    gate = step("watch_gate", 0, "", 1, "1", "", "")
    if how == "a link":
        endpoint.symlink_to(host.root / "sockets/r1/0.sock")
        assert "nobody listens on" in host.run("r2", gate).refusal
    else:
        with started(r1, "dist/server.js", "h-r1-0", endpoint) as pid:
            refusal = host.run("r2", gate).refusal
        assert "another process than this app's listens on" in refusal
        assert f"0.sock: process {pid}, node server.js" in refusal


def test_nginx_still_leads_to_the_old_release(host: Host, front: Front) -> None:
    """Measured: one directory is spelled three ways in the Production Notes."""
    front.start(*(host.root / f"sockets/r1/{index}.sock" for index in (0, 1)))
    assert host.go_live("run2", "r2").code == 0
    assert "h-r1-0 answers, which is no process of r2" in front.prove(host, "r2").refusal


def test_nginx_leads_to_both_releases(host: Host, front: Front) -> None:
    """Reported: clusters end half-applied (capistrano 860)."""
    front.start(host.root / "sockets/live/0.sock", host.root / "sockets/r1/1.sock")
    assert host.go_live("run2", "r2").code == 0
    assert "h-r1-1 answers, which is no process of r2" in front.prove(host, "r2").refusal


def test_nginx_leads_to_the_old_release_now_and_then(host: Host, front: Front) -> None:
    """Found: both new processes had answered before the old one's turn came."""
    live = [host.root / f"sockets/live/{index}.sock" for index in (0, 1)]
    front.start(*live, *live, host.root / "sockets/r1/1.sock")
    assert host.go_live("run2", "r2").code == 0
    assert "h-r1-1 answers, which is no process of r2" in front.prove(host, "r2").refusal


def test_nginx_answers_from_its_store(host: Host, front: Front) -> None:
    """Measured: the path is right, and a stored answer says 200 for the old code."""
    host.workers = 1
    front.start(host.root / "sockets/live/0.sock", extra="proxy_cache kept; proxy_cache_valid 1h;")
    assert '"h-r1-0"' in front.get()
    host.make("r3")
    assert host.go_live("run3", "r3").code == 0
    assert host.answer() == "r3"
    assert "h-r1-0 answers, which is no process of r3" in front.prove(host, "r3").refusal


def test_the_health_path_names_nobody(host: Host, front: Front) -> None:
    """Measured: HTTP 200 proves nothing. Here it comes from r1, and nobody can tell."""
    for name in ("r1", "r2"):
        server = host.root / "releases" / name / "dist/server.js"
        server.write_text(server.read_text().replace("id: title, ", ""))
    assert host.go_live("run2", "r2").code == 0
    assert host.run("r2", step("confirm_switch", "run2", DRAIN)).code == 0
    front.start(host.root / "sockets/r2/0.sock", host.root / "sockets/r2/1.sock")
    done = front.prove(host, "r2")
    assert "answers, but not which process it is" in done.refusal
    assert "front: off" in done.refusal


def test_old_workers_have_the_names_of_the_new_ones(host: Host, front: Front) -> None:
    """Measured: 14 calls its workers actionhero-worker-N in every release and on every host."""
    host.workers = 1
    for name in ("r3", "r4"):
        text = AS_14.replace("BOOT", "").replace("STATUS", "200")
        (host.make(name) / "dist/server.js").write_text(text)
    assert host.go_live("run3", "r3").code == 0
    assert host.run("r3", step("confirm_switch", "run3", DRAIN)).code == 0
    old = find(host.running("r3")[0])
    assert old is not None
    wait_until(lambda: age(old) > 2, "r3 to be older than r4 by more than a second")
    assert (done := host.go_live("run4", "r4")).code == 0, done.log
    front.start(host.root / "sockets/r3/0.sock")
    refused = front.prove(host, "r4").refusal
    assert "worker-1 answers since" in refused
    front.end()
    right = Front(front.directory.with_name("right")).start(host.root / "sockets/live/0.sock")
    done = right.prove(host, "r4")
    right.end()
    assert done.code == 0, done.refusal


def test_a_process_that_is_doomed_dies_after_the_switch(host: Host) -> None:
    """Measured: a master that met a crash ends itself up to 30 s after the reload."""
    host.make("r3", boot="setTimeout(() => process.exit(1), 4000);")
    assert host.go_live("run3", "r3").code == 0, "it answers, and goes live"
    done = host.run("r3", step("watch_gate", 8, "", 1, "1", "", ""))
    assert "a process of r3 ended after the switch" in done.refusal


def test_a_supervisor_brought_the_old_release_back_beside_the_new_one(host: Host) -> None:
    """Measured: `Restart=always` resurrects the old master; its jobs are worked by old code."""
    assert host.go_live("run2", "r2").code == 0
    assert host.run("r2", step("confirm_switch", "run2", DRAIN)).code == 0
    assert look(host).objection == ""
    r1 = host.root / "releases/r1"
    with started(r1, "dist/server.js", "h-r1-0", host.root / "sockets/r1/0.sock") as pid:
        assert look(host).objection == f"process {pid} of release r1 runs beside what is confirmed"


def test_the_fleets_decision_was_deleted_by_hand(host: Host, redis: Redis) -> None:
    """Reported: half-applied clusters; a missing key is never taken for a word."""
    host.register = json.dumps({"host": ADDRESS, "port": redis.port})
    assert host.run("r2", step("open_register", "run2")).code == 0
    assert (done := host.go_live("run2", "r2")).code == 0, done.log
    redis.ask("DEL", "deploy:run2")
    done = host.run("r2", step("decide_switch", "run2", 2))
    assert done.refusal.startswith("redis lost the decision")
    settled = host.run("r2", step("settle_switch", "run2", DRAIN))
    assert "stays pending: the register says undecidable" in settled.refusal
    assert look(host).objection == "r2 is pending: run run2 is not settled"


AS_14 = SERVER.replace('"pids/actionhero-" + title', '"pids/worker-1"').replace(
    "id: title,", 'id: "worker-1", uptime: Math.round(process.uptime() * 1000),'
)


def age(process: Process) -> float:
    """Seconds that a process has run."""
    ticks = process.start / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks


def title(pid: int) -> str:
    """The title that a process was started under."""
    return Path(f"/proc/{pid}/environ").read_text()
