"""Queues inside ActionHero itself, on 14 and 29: an action that enqueues, a task that takes time,
and what `invoke queues` says of them.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.harness import Change, Controller, Said
from tests.lab import Lab
from tests.lab.daemons import ask_redis
from tests.lab.processes import wait_until

QUEUE = "resque:queue:jobs"
ENQUEUE = "/api/enqueue?from=a-client"
TAKES = 400
"""Milliseconds of a job."""

ACTION_14 = """\
exports.enqueue = {
  name: 'enqueue', description: 'a job', inputs: { ms: {}, mark: {} }, outputExample: {},
  run: function (api, data, next) {
    api.tasks.enqueue('wait', { ms: +data.params.ms, mark: data.params.mark }, 'jobs', next)
  }
}
"""
TASK_14 = """\
const fs = require('fs')
exports.wait = {
  name: 'wait', description: 'takes its time', frequency: 0, queue: 'jobs', middleware: [],
  run: function (api, job, next) {
    const again = job.mark && fs.existsSync(job.mark)
    if (job.mark) fs.writeFileSync(again ? job.mark + '.done' : job.mark, String(process.pid))
    setTimeout(next, again ? 0 : job.ms)
  }
}
"""
ACTION_29 = """\
const { Action, task } = require("actionhero");
exports.Enqueue = class extends Action {
  constructor() {
    super();
    Object.assign(this, { name: "enqueue", description: "a job", outputExample: {} });
    this.inputs = { ms: { required: true }, mark: { required: false } };
  }
  async run({ params: { ms, mark } }) { await task.enqueue("wait", { ms: +ms, mark }, "jobs"); }
};
"""
TASK_29 = """\
const { Task } = require("actionhero"), fs = require("fs");
exports.Wait = class extends Task {
  constructor() {
    super();
    Object.assign(this, { name: "wait", description: "takes its time", queue: "jobs" });
    this.frequency = 0;
  }
  async run({ ms, mark }) {
    const again = mark && fs.existsSync(mark);
    if (mark) fs.writeFileSync(again ? mark + ".done" : mark, String(process.pid));
    await new Promise((resolve) => setTimeout(resolve, again ? 0 : ms));
  }
};
"""
ROUTES_29 = """\
const actions = ["status", "revision", "slow", "enqueue"];
const get = actions.map((action) => ({ path: `/${action}`, action }));
exports.DEFAULT = { routes: () => ({ get, post: [{ path: "/slow", action: "slow" }] }) };
"""
FILES: dict[int, dict[str, str | None]] = {
    14: {"actions/enqueue.js": ACTION_14, "tasks/wait.js": TASK_14},
    29: {
        "jobs/actions/enqueue.js": ACTION_29,
        "jobs/tasks/wait.js": TASK_29,
        "jobs/config/routes.js": ROUTES_29,
    },
}
"""Of the repository; on 29 as tsc would have compiled them."""


def compiled(lab: Lab) -> Change:
    """A build of 29 that takes what is compiled already, and these files."""
    copy = f"cp -r {lab.app_path('web1')}/dist dist && cp -r jobs/. dist/"
    return lambda data: data["app"].update(build=[{"run": copy, "timeout": 60}])


@contextmanager
def with_jobs(controller: Controller) -> Iterator[Controller]:
    """The app with those files on web1 and jobs1; nothing waits when it is over."""
    lab = controller.lab
    with controller.committed("jobs", FILES[lab.site.app]):
        said = controller.run("deploy", "--limit", "web1,jobs1")
        assert said.code == 0, said.text
        yield controller
        ask_redis(lab.site, "redis", "DEL", QUEUE)


def look(controller: Controller, sample: int) -> tuple[Said, dict[str, Any]]:
    """What `invoke queues` says of the app's redis."""
    said = controller.run("queues", "--sample", str(sample))
    (redis,) = json.loads(said.lines[0])["redis"]
    return said, redis


def try_to_fall_behind(controller: Controller) -> None:
    """Enqueued faster than worked: told so, at the rate that somebody else measures."""
    lab = controller.lab
    with lab.load("web1", f"{ENQUEUE}&ms={TAKES}", clients=2, pause=0.05):
        wait_until(lambda: _count(lab, "LLEN", QUEUE) > 25, "jobs that wait", 60)
        wait_until(lambda: _count(lab, "GET", "resque:stat:processed") > 0, "worked jobs", 60)
        with _watched(lab) as counts:
            said, redis = look(controller, 10)
    began, ended = redis["sampled"]
    first, last = (min(counts, key=lambda one: abs(one[0] - at)) for at in (began, ended))
    hours = (last[0] - first[0]) / 3600
    growth, worked = ((last[column] - first[column]) / hours for column in (1, 2))
    (found,) = [one for one in redis["queues"] if one["name"] == "jobs"]
    assert found["pace"] == "falling behind", said.text
    assert found["growth"] == pytest.approx(growth, rel=0.2), said.text
    assert found["worked"] == pytest.approx(worked, rel=0.2), said.text
    assert found["worked"] > 0
    assert said.code == 1


def try_a_killed_worker(controller: Controller) -> None:
    """Its job is stuck, is found, is released, and then worked by another.

    On 14 its master goes with it: the next worker on the machine clears such claims, and the job is
    lost.
    """
    lab = controller.lab
    ask_redis(lab.site, "redis", "DEL", QUEUE)  # what an earlier test left
    mark = lab.site.home("jobs1") / "job"
    assert lab.get("web1", f"{ENQUEUE}&ms=600000&mark={mark}").status == 200
    wait_until(lambda: mark.exists() and bool(mark.read_text()), "the job to begin", 60)
    pid = int(mark.read_text())
    _kill(lab, pid)
    said, redis = look(controller, 1)
    assert said.code == 1
    stuck = [one for one in redis["workers"] if one["stuck"]]
    # a master that is killed may take other workers, and their jobs, with it
    assert (pid, "wait") in [(one["pid"], one["claim"]["task"]) for one in stuck], said.text
    assert controller.run("queues.release").code == 2, "nobody said yes"
    assert (said := controller.run("queues.release", "--yes")).code == 0, said.text
    assert (said := controller.run("start", "--limit", "jobs1")).code == 0, said.text
    done = Path(f"{mark}.done")
    wait_until(lambda: done.exists() and bool(done.read_text()), "the job to be worked again", 60)
    assert int(done.read_text()) != pid
    _, redis = look(controller, 1)
    assert [one for one in redis["workers"] if one["stuck"]] == []


def _kill(lab: Lab, pid: int) -> None:
    """-9 for a worker; for its master as well, where there is one, and first."""
    doomed = [one for one in lab.processes("jobs1") if one.pid == pid or "startCluster" in one.line]
    for one in sorted(doomed, key=lambda one: one.pid == pid):
        one.signal(signal.SIGKILL)
    wait_until(lambda: not any(one.is_alive() for one in doomed), "the worker's end")


@contextmanager
def _watched(lab: Lab) -> Iterator[list[tuple[float, int, int]]]:
    """Time, length and worked jobs, looked at by somebody else, to the end of the block."""
    over, counts = threading.Event(), list[tuple[float, int, int]]()

    def watch() -> None:
        while not over.wait(0.1):
            length = _count(lab, "LLEN", QUEUE)
            counts.append((time.time(), length, _count(lab, "GET", "resque:stat:processed")))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def _count(lab: Lab, *words: str) -> int:
    """A number that redis answers (RESP): `:7`, or `$1` and `7` on the next line; nil is none."""
    answer = ask_redis(lab.site, "redis", *words).split("\r\n")
    return int(answer[0][1:]) if answer[0].startswith(":") else int(answer[1] or 0)
