"""The whole picture from `invoke configure`: haproxy → nginx → web1, web2; jobs1 works the tasks;
redis for tasks with a replica and three sentinels, redis for the cache. Its primary is killed.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import claim_subnet
from tests.deploys.harness import Controller, run
from tests.lab import Lab, Load
from tests.lab.processes import find, wait_until
from tests.lab.releases import confirmed
from tests.lab.role_files import role_files
from tests.lab.site import REDIS_PORT
from tests.lab.topology import GUARDS, PASSWORD, SENTINEL_PORT, balancer
from tests.lab.web import Response, request

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

JOBS = """\
'use strict'
const { Action, api } = require('actionhero')
const input = { id: { required: true } }

exports.enqueue = class Enqueue extends Action {
  constructor () {
    super()
    Object.assign(this, { name: 'enqueue', description: 'a task', inputs: input })
    this.outputExample = {}
  }

  async run ({ params, response }) {
    response.enqueued = await api.tasks.enqueue('mark', { id: params.id }, 'default')
  }
}

exports.worked = class Worked extends Action {
  constructor () {
    super()
    Object.assign(this, { name: 'worked', description: 'who did', inputs: input })
    this.outputExample = {}
  }

  async run ({ params, response }) {
    response.where = await api.redis.clients.client.lrange('worked:' + params.id, 0, -1)
  }
}
"""
MARK = """\
'use strict'
const { Task, api } = require('actionhero')

exports.mark = class Mark extends Task {
  constructor () {
    super()
    Object.assign(this, { name: 'mark', description: 'tells who did', queue: 'default' })
    this.frequency = 0
  }

  async run (data) { await api.redis.clients.client.rpush('worked:' + data.id, process.cwd()) }
}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Bare hosts, and a person in front of them."""
    with ExitStack() as stack:
        subnet, lock = claim_subnet()
        stack.enter_context(lock)
        lab = Lab(Path(f"/tmp/ahl{subnet}"), 18, subnet, "releases", topology=True)
        stack.callback(lab.down)
        lab.up()
        yield Controller(lab, tmp_path_factory.mktemp("controller"))


def test_the_whole_picture(fleet: Controller, tmp_path: Path) -> None:
    lab = fleet.lab
    said = fleet.run("configure")
    assert said.code == 0, said.text
    again = fleet.run("configure")
    assert (again.code, again.events("step_started")) == (0, [])
    assert again.end["message"].startswith("nothing to do: ")

    lab.commit("an app with tasks", rendered_files(fleet, tmp_path))
    said = fleet.run("deploy")
    assert said.code == 0, said.text

    a_request_goes_all_the_way(lab)
    a_task_is_worked_where_workers_are(lab, "one")
    assert keys(lab, primary(lab)) >= {"resque:workers"}
    assert "worked:one" in keys(lab, "cache1")
    assert not any(key.startswith("resque:") for key in keys(lab, "cache1"))

    was = primary(lab)
    with Load(balancer(lab.site), "/api/revision", clients=1, pause=0.1, seconds=300) as load:
        kill(lab, was)
        await_failover(lab, was)
        a_task_is_worked_where_workers_are(lab, "two")
    assert load.failed == {}
    assert load.total > 10


def rendered_files(fleet: Controller, directory: Path) -> dict[str, str | None]:
    """The app's revision: what `render-config` wrote for each role, and an action and a task."""
    said = run(fleet.lab, "render-config", "--env", "lab", "--out", str(directory))
    assert said.code == 0, said.text
    return {"actions/jobs.js": JOBS, "tasks/mark.js": MARK, **role_files(directory)}


def a_request_goes_all_the_way(lab: Lab) -> None:
    """Through haproxy to both hosts; nginx tells the release, how long it took, and for whom."""
    mine = "/api/revision?from=a-client"  # the balancer asks for itself, too
    wait_until(lambda: ask(lab, "/api/revision").status == 200, "haproxy", 60)

    def both() -> bool:
        assert ask(lab, mine).json()["revision"] == lab.number("HEAD")
        return all(mine in log(lab, host) for host in ("web1", "web2"))

    wait_until(both, "a request on each host", 60)
    for host in ("web1", "web2"):
        lines = [json.loads(line) for line in log(lab, host).splitlines()]
        line = next(one for one in lines if one["uri"] == mine)
        assert line["release"] == confirmed(lab, host)
        assert (line["status"], line["client"]) == ("200", "127.0.0.1")
        assert 0 < line["request_time"] < 30


def a_task_is_worked_where_workers_are(lab: Lab, name: str) -> None:
    """Enqueued on web1; nobody but jobs1 works it, once."""
    assert lab.get("web1", f"/api/enqueue?id={name}").json()["enqueued"] is True
    found: list[Any] = []

    def is_worked() -> bool:
        found[:] = ask(lab, f"/api/worked?id={name}").json()["where"]
        return bool(found)

    wait_until(is_worked, f"task {name}", 120)
    assert [Path(one).parents[2] for one in found] == [lab.host_root("jobs1")]


def ask(lab: Lab, path: str) -> Response:
    """Through the balancer."""
    return request(balancer(lab.site), path)


def log(lab: Lab, host: str) -> str:
    return (lab.host_root(host) / "run/access.json").read_text()


def keys(lab: Lab, host: str) -> set[str]:
    return set(redis(lab.site.address(host), REDIS_PORT, "KEYS", "*"))


def primary(lab: Lab) -> str:
    """The host that a majority of the living sentinels names."""
    asked = ("SENTINEL", "get-master-addr-by-name", "mymaster")
    named = [redis(lab.site.address(one), SENTINEL_PORT, *asked)[0] for one in GUARDS]
    host = max(named, key=named.count)
    return next(one for one in ("redis1", "redis2") if lab.site.address(one) == host)


def await_failover(lab: Lab, was: str) -> None:
    """Until another one is primary. A sentinel that did not get the processor for 2 s trusts its
    clock no more, and does nothing for 30 s (TILT): a busy machine takes its time."""
    try:
        wait_until(lambda: primary(lab) != was, "the failover", 240)
    except RuntimeError as error:
        logs = [lab.host_root(host) / "run/sentinel.log" for host in GUARDS]
        said = "\n\n".join("\n".join(log.read_text().splitlines()[-25:]) for log in logs)
        raise RuntimeError(f"{error}\n{said}") from None


def redis(address: str, port: int, *words: str) -> list[str]:
    command = ["redis-cli", "-h", address, "-p", str(port), *words]
    env = {"PATH": "/usr/bin:/bin"}
    env |= {"REDISCLI_AUTH": PASSWORD} if port == REDIS_PORT else {}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.split("\n")[:-1]


def kill(lab: Lab, host: str) -> None:
    process = find(int((lab.host_root(host) / "run/redis.pid").read_text()))
    assert process
    assert "redis-server" in process.line
    process.signal(signal.SIGKILL)
