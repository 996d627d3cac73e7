"""Jobs of workers that are no more, and failed ones: put back, or saved and cleared."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from deploy.facts.queues import Claim, Worker
from deploy.steps.queues import describe_queues, release_claim
from tests.lab.processes import wait_until
from tests.queues.conftest import Person
from tests.queues.resque_programs import Resque, await_line
from tests.remote.conftest import make_login
from tests.remote.harness import make_shell
from tests.remote.redis_server import ADDRESS, Redis


def test_a_killed_worker_leaves_a_stuck_job_that_is_released_and_worked(
    person: Person, redis: Redis, resque: Resque
) -> None:
    resque.add("mail", "slow", 60_000)
    worker = resque.work("mail")
    claim = f"resque:worker:{socket.gethostname()}:{worker.pid}:mail"
    wait_until(lambda: redis.ask("EXISTS", claim) == "1", "the claim")
    worker.kill()
    worker.wait()
    said = person.look()
    assert said.code == 1
    (found,) = said.redis["workers"]
    assert found["stuck"]
    assert f"no Node process {worker.pid}" in found["why"]
    refused = person.run("queues.release")
    assert refused.code == 2
    assert "no terminal to ask" in refused.text + refused.warnings
    assert redis.ask("LLEN", "resque:queue:mail") == "0"
    assert person.run("queues.release", "--yes").code == 0
    assert person.look().redis["workers"] == []
    again = resque.work("mail")
    await_line(again, "job slow")
    assert "nothing to do" in person.run("queues.release", "--yes").text


def test_a_claim_that_changed_meanwhile_is_not_released(redis: Redis, tmp_path: Path) -> None:
    """The step compares what was seen with what is there, in redis itself."""
    seen = '{"queue":"mail","worker":"host:1","payload":{"class":"old"}}'
    worker = Worker("host:1:mail", "host", 1, ("mail",), None, None, Claim(seen, "mail", "old", ""))
    redis.ask("SET", "resque:worker:host:1:mail", seen.replace("old", "new"))
    before = [describe_queues({"host": ADDRESS, "port": redis.port})]
    line = release_claim("resque", worker).line()
    shell = make_shell("dash", tmp_path / "shell", make_login(tmp_path / "home"))
    ran = shell.run(line, before=before)
    assert list(ran.outcomes.values()) == ["unchanged"]
    assert redis.ask("LLEN", "resque:queue:mail") == "0"
    redis.ask("SET", "resque:worker:host:1:mail", seen)
    ran = shell.run(line, before=before)
    assert list(ran.outcomes.values()) == ["changed"]
    assert redis.ask("LRANGE", "resque:queue:mail", "0", "-1") == '{"class":"old"}'


def test_failed_jobs_are_tried_again(person: Person, redis: Redis, resque: Resque) -> None:
    resque.add("mail", "bad", "ünï", 2)
    resque.add("other", "bad", "x", 1)
    worker = resque.work("mail,other")
    wait_until(lambda: redis.ask("LLEN", "resque:failed") == "3", "the failures")
    worker.kill()
    worker.wait()
    assert person.run("queues.retry", "--queue", "mail", "--yes").code == 0
    assert redis.ask("LLEN", "resque:failed") == "1"
    assert redis.ask("LLEN", "resque:queue:mail") == "2"
    job = json.loads(redis.ask("LINDEX", "resque:queue:mail", "0"))
    assert (job["class"], job["args"]) == ("bad", ["ünï"])
    resque.work("mail")
    wait_until(lambda: redis.ask("LLEN", "resque:failed") == "3", "the failures again")


def test_failed_jobs_are_saved_before_they_are_cleared(
    person: Person, redis: Redis, resque: Resque
) -> None:
    resque.add("mail", "bad", "ünï \"'$(reboot)", 3)
    resque.work("mail")
    wait_until(lambda: redis.ask("LLEN", "resque:failed") == "3", "the failures")
    said = person.run("queues.clear-failed", "--yes", "--out", "saved")
    assert said.code == 0, said.text
    (file,) = (person.root / "saved").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    saved = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [one["payload"]["args"] for one in saved] == [["ünï \"'$(reboot)"]] * 3
    assert redis.ask("LLEN", "resque:failed") == "0"


def test_nothing_is_cleared_where_it_cannot_be_saved(person: Person, redis: Redis) -> None:
    redis.ask("RPUSH", "resque:failed", "{}")
    said = person.run("queues.clear-failed", "--yes", "--out", "/proc/nowhere")
    assert said.code == 2
    assert redis.ask("LLEN", "resque:failed") == "1"
