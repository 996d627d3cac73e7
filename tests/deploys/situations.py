"""Situations that `invoke status` has to see, made on web1 of a lab with ActionHero 18, and unmade.

Each is a context manager over a controller, and yields what the inventory is to say beside.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.deploys.harness import Change, Controller
from tests.lab.processes import Process, find, wait_until

WEB1 = ("--limit", "web1")
FAULT = """
setInterval(() => { if (require('actionhero').api.running) throw new Error('a fault') }, 50)
"""
"""Once it runs: a crash that comes earlier is not counted by the master."""
LIMIT = 600.0
"""Seconds that a task may take: a machine can be busy."""
Situation = Callable[[Controller], AbstractContextManager[Change]]


def as_it_is(_: dict[str, Any]) -> None:
    """The inventory of the lab."""


@contextmanager
def all_well(_: Controller) -> Iterator[Change]:
    """Nothing was done to it."""
    yield as_it_is


@contextmanager
def version_skew(controller: Controller) -> Iterator[Change]:
    """One host went ahead."""
    controller.lab.commit("ahead")
    succeed(controller, "deploy", "--without", "web2,jobs1")
    try:
        yield as_it_is
    finally:
        succeed(controller, "deploy")


@contextmanager
def stale_pidfile(controller: Controller) -> Iterator[Change]:
    """A file that a dead worker left."""
    file = pids(controller) / "actionhero-worker-7"
    controller.lab.sh("web1", f"sh -c 'echo $$' >{file}")
    try:
        yield as_it_is
    finally:
        file.unlink()


@contextmanager
def foreign_pidfile(controller: Controller) -> Iterator[Change]:
    """The cluster's file names somebody else."""
    pid = int(controller.lab.sh("web1", "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"))
    file = pids(controller) / "cluster_pidfile"
    own = file.read_text()
    file.write_text(str(pid))
    try:
        yield as_it_is
    finally:
        file.write_text(own)
        if stranger := find(pid):
            stranger.signal(signal.SIGKILL)


@contextmanager
def dead_worker(controller: Controller) -> Iterator[Change]:
    """A worker died, and its master, which would start another, hangs."""
    leader = master(controller)
    leader.signal(signal.SIGSTOP)
    worker = next(p for p in controller.lab.processes("web1") if p.parent == leader.pid)
    worker.signal(signal.SIGKILL)
    try:
        yield as_it_is
    finally:
        leader.signal(signal.SIGCONT)
        await_well(controller)


@contextmanager
def doomed_master(controller: Controller) -> Iterator[Change]:
    """Code with a fault came into the live tree, and a worker was lost: it crashes in a loop."""
    app, leader = controller.lab.app_path("web1"), master(controller)
    broken = app / "config/api.js"
    right = broken.read_text()
    broken.write_text(right + FAULT)
    worker = next(p for p in controller.lab.processes("web1") if p.parent == leader.pid)
    worker.signal(signal.SIGKILL)
    log = app / "log/cluster.log"
    try:
        wait_until(lambda: log.read_text().count("a fault") > 10, "crashes", 120)
        broken.write_text(right)
        yield as_it_is
    finally:
        broken.write_text(right)
        with suppress(RuntimeError):  # on a slow machine too few crashes are within its 30 s
            wait_until(lambda: find(leader.pid) is None, "the end that was told", 45)
        succeed(controller, "restart" if find(leader.pid) else "start", *WEB1)


@contextmanager
def host_down(_: Controller) -> Iterator[Change]:
    """Nobody listens where web2's sshd is to be."""
    yield lambda data: data["hosts"]["web2"].update(port=1)


@contextmanager
def disk_full(_: Controller) -> Iterator[Change]:
    """Somebody wants more room than there is."""
    yield lambda data: data.update(status={"disk_free": 100})


@contextmanager
def drift(controller: Controller) -> Iterator[Change]:
    """A file was installed, and changed by hand."""
    directory = controller.lab.host_root("web1") / "rules"
    directory.mkdir()
    controller.lab.account.own(directory)

    def change(data: dict[str, Any]) -> None:
        files = {name: {"destination": f"{directory}/{name}"} for name in ("actionhero", "check")}
        program = {"sudo": False, "check": None, "reload": None, "prove": None, "files": files}
        data["hosts"]["web1"]["programs"] = {"logrotate": program}
        data["logrotate"] = {"user": controller.lab.account.name}

    installed = controller.run("configure", change=change)
    assert installed.code == 0, installed.text
    assert status(controller, change=change)["well"]
    with (directory / "actionhero").open("a") as file:
        file.write("# by hand, at night\n")
    try:
        yield change
    finally:
        shutil.rmtree(directory)


@contextmanager
def locked(controller: Controller) -> Iterator[Change]:
    """A deploy builds, and holds the lock meanwhile."""
    controller.lab.commit("slowly")
    build = [{"run": "sleep 300", "timeout": 300}]
    running = controller.start("deploy", change=lambda data: data["app"].update(build=build))
    try:
        running.wait_for("step_started", step="run_build", host="web1")
        yield as_it_is
    finally:
        running.signal(signal.SIGINT)
        running.finish()


@contextmanager
def no_cluster(controller: Controller) -> Iterator[Change]:
    """It was stopped."""
    succeed(controller, "stop", *WEB1)
    try:
        yield as_it_is
    finally:
        succeed(controller, "start", *WEB1)


@contextmanager
def old_code(controller: Controller) -> Iterator[Change]:
    """New processes in the app's directory, whose launcher is that of an older copy beside it."""
    lab, app = controller.lab, controller.lab.app_path("web1")
    old = app.with_name("old")
    shutil.copytree(app / "node_modules", old / "node_modules", symlinks=True)
    leader = master(controller)
    environment = Path(f"/proc/{leader.pid}/environ").read_text().split("\0")
    port = next(one for one in environment if one.startswith("PORT="))
    words = " ".join(leader.command[2:])
    succeed(controller, "stop", *WEB1)
    lab.sh(
        "web1",
        f"cd {app}; set -a; . .deploy/env; {port}; PROJECT_ROOT={app}\n"
        f"setsid {old}/node_modules/.bin/actionhero {words} >log/by-hand 2>&1 </dev/null &",
    )
    names = pids(controller)
    try:
        wait_until(lambda: len([*names.glob("web1-worker-*")]) == 2, "both workers", 120)
        wait_until(lambda: lab.get("web1", "/api/revision").status == 200, "an answer", 120)
        yield as_it_is
    finally:
        try:
            succeed(controller, "restart", *WEB1)
        finally:
            shutil.rmtree(old)


SITUATIONS: dict[str, Situation] = {
    "all_well": all_well,
    "stale_pidfile": stale_pidfile,
    "foreign_pidfile": foreign_pidfile,
    "dead_worker": dead_worker,
    "doomed_master": doomed_master,
    "host_down": host_down,
    "disk_full": disk_full,
    "drift": drift,
    "locked": locked,
    "no_cluster": no_cluster,
    "old_code": old_code,
    "version_skew": version_skew,  # the last: it leaves every host at another revision
}


def pids(controller: Controller) -> Path:
    """web1's directory of pidfiles."""
    return controller.lab.app_path("web1") / "pids"


def master(controller: Controller) -> Process:
    """web1's cluster master."""
    found = find(int((pids(controller) / "cluster_pidfile").read_text()))
    assert found is not None
    return found


def succeed(controller: Controller, task: str, *flags: str) -> None:
    """Run it; it has to be well."""
    said = controller.start(task, *flags, seconds=LIMIT).finish()
    assert said.code == 0, said.text


def status(controller: Controller, *flags: str, change: Change | None = None) -> dict[str, Any]:
    """What `invoke status` says."""
    return controller.look(*flags, change=change)


def await_well(controller: Controller) -> None:
    """Until nothing stands out any more."""
    wait_until(lambda: bool(status(controller)["well"]), "a fleet that is well", 120)
