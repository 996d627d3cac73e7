"""`invoke queues` against real redis and real node-resque: lengths, rates, failures, claims."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.queues.conftest import Person
from tests.queues.resque_programs import Resque, await_line
from tests.remote.redis_server import Redis, Start, start_tls

WORD = "s3cret-word"


def test_a_queue_that_grows_faster_than_it_is_worked_falls_behind_at_the_true_rate(
    person: Person, redis: Redis, resque: Resque
) -> None:
    resque.add("mail", "slow", 200, 20)
    resque.work("mail")
    resque.start("add", "mail", "slow", "200", "5000", "50")
    wait_until(lambda: int(redis.ask("LLEN", "resque:queue:mail")) > 25, "more jobs")
    with _watched(redis) as counts:
        said = person.run("queues", "--output", "json", "--sample", "10")
    began, ended = said.redis["sampled"]
    first, last = (min(counts, key=lambda one: abs(one[0] - at)) for at in (began, ended))
    hours = (last[0] - first[0]) / 3600
    growth, worked = ((last[column] - first[column]) / hours for column in (1, 2))
    found = said.queue("mail")
    assert found["pace"] == "falling behind"
    assert found["growth"] == pytest.approx(growth, rel=0.2)
    assert found["worked"] == pytest.approx(worked, rel=0.2)
    assert "falling behind by " in found["verdict"]
    assert said.code == 1


@contextmanager
def _watched(redis: Redis) -> Iterator[list[tuple[float, int, int]]]:
    """Time, length and worked jobs, looked at by somebody else, to the end of the block."""
    over, counts = threading.Event(), list[tuple[float, int, int]]()

    def watch() -> None:
        while not over.wait(0.1):
            length = int(redis.ask("LLEN", "resque:queue:mail"))
            worked = int(redis.ask("GET", "resque:stat:processed") or 0)
            counts.append((time.time(), length, worked))

    thread = threading.Thread(target=watch)
    thread.start()
    yield counts
    over.set()
    thread.join()


def test_a_queue_that_is_worked_faster_keeps_up(
    person: Person, redis: Redis, resque: Resque
) -> None:
    resque.work("mail")
    resque.start("add", "mail", "slow", "1", "5000", "500")
    wait_until(lambda: redis.ask("GET", "resque:stat:processed") != "", "a worked job")
    said = person.look()
    assert said.code == 0, said.text
    found = said.queue("mail")
    assert found["verdict"] == "keeping up"
    assert found["worked"] > 1000


def test_a_queue_that_nobody_works_is_stopped(person: Person, resque: Resque) -> None:
    resque.add("mail", "slow", 1, 3)
    resque.work("other")
    said = person.look()
    assert said.code == 1
    assert said.queue("mail")["verdict"] == "stopped"
    assert said.queue("mail")["waiting"] == 3


def test_one_long_job_does_not_make_a_queue_stopped(person: Person, resque: Resque) -> None:
    resque.add("mail", "slow", 60_000, 2)
    worker = resque.work("mail")
    await_line(worker, "job")
    assert person.look().queue("mail")["verdict"] == "keeping up"


def test_failures_are_counted_by_error(person: Person, redis: Redis, resque: Resque) -> None:
    resque.add("mail", "bad", "seven", 3)
    resque.add("mail", "bad", "eight", 1)
    resque.work("mail")
    wait_until(lambda: redis.ask("LLEN", "resque:failed") == "4", "the failures")
    failed = person.look().redis["failed"]
    assert failed["count"] == 4
    kinds = [(one["count"], one["queue"], one["task"], one["error"]) for one in failed["kinds"]]
    assert kinds == [
        (3, "mail", "bad", "Error: no such user: seven"),
        (1, "mail", "bad", "Error: no such user: eight"),
    ]


def test_a_worker_at_work_claims_and_is_not_stuck(person: Person, resque: Resque) -> None:
    resque.add("mail", "slow", 60_000)
    worker = resque.work("mail")
    await_line(worker, "job")
    (found,) = person.look().redis["workers"]
    assert found["pid"] == worker.pid
    assert found["claim"]["task"] == "slow"
    assert found["presence"] == "alive"
    assert (found["silent"] is None) == (resque.version == 2)
    assert not found["stuck"]


def test_a_password_and_a_database_are_used_and_not_told(
    person: Person, start_redis: Start
) -> None:
    redis = start_redis(password=WORD)
    person.use(redis, REDIS_DB="3")
    person.inventory["secrets"] = {"REDIS_PASSWORD": {"env": "REDIS_SECRET"}}
    person.secrets = {"REDIS_SECRET": WORD}
    redis.ask("-n", "3", "SADD", "resque:queues", "mail")
    said = person.look()
    assert said.code == 0, said.text + said.warnings
    assert said.queue("mail")["waiting"] == 0
    person.secrets = {"REDIS_SECRET": "wr0ng-word"}
    said = person.look()
    assert said.code == 1
    assert "the login is refused (WRONGPASS)" in said.warnings
    assert "wr0ng" not in said.text + said.warnings


def test_memory_policy_disk_and_replica_are_told(person: Person, start_redis: Start) -> None:
    primary = start_redis(maxmemory="64mb", maxmemory_policy="allkeys-lru", appendonly="yes")
    replica = start_redis(replicaof=f"127.0.0.1 {primary.port}")
    wait_until(lambda: "state=online" in primary.ask("INFO", "replication"), "the replica")
    person.use(primary)
    (found,) = person.look().redis["servers"]
    assert found["most"] == 64 * 1024 * 1024
    assert 0 < found["used"] < found["most"]
    assert found["policy"] == "allkeys-lru"
    assert found["append_only"]
    (follower,) = found["replicas"]
    assert follower["address"].endswith(f":{replica.port}")
    assert follower["state"] == "online"
    assert follower["lag"] <= 1
    person.use(replica)
    said = person.look()
    assert said.code == 1
    assert "is a replica of" in said.redis["troubles"][0]


def test_sentinels_name_the_primary(person: Person, start_redis: Start, tmp_path: Path) -> None:
    primary = start_redis()
    primary.ask("SADD", "resque:queues", "mail")
    sentinel = Redis(
        tmp_path / "sentinel", sentinel=f"sentinel monitor mymaster 127.0.0.1 {primary.port} 1"
    ).start()
    try:
        person.inventory["decision"] = {"sentinels": [{"host": "127.0.0.1", "port": sentinel.port}]}
        assert person.look().queue("mail")["waiting"] == 0
    finally:
        sentinel.stop()


def test_tls_is_spoken(person: Person, start_redis: Start, tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    server, _ = start_tls(start_redis, tmp_path / "tls")
    port = server.options["tls-port"]
    person.inventory["env"] = {"REDIS_URL": f"rediss://127.0.0.1:{port}"}
    said = person.look()
    assert said.code == 1
    assert "certificate" in said.warnings  # nobody said whose word to take
    directory = Path(person.server.directory)  # pytest's is closed to the host's user
    (directory / "ca.pem").write_bytes((tmp_path / "tls/ca.pem").read_bytes())
    (directory / "ca.pem").chmod(0o644)
    del person.inventory["env"]
    tls = {"ca": str(directory / "ca.pem")}
    person.inventory["decision"] = {"host": "127.0.0.1", "port": int(port), "tls": tls}
    said = person.look()
    assert said.redis["servers"][0]["role"] == "master"


def test_a_redis_that_is_not_there_is_told_with_what_to_do(person: Person) -> None:
    person.inventory["env"] = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(free_port())}
    said = person.run("queues", "--sample", "1")
    assert said.code == 1
    assert "redis cannot be asked: 127.0.0.1:" in said.warnings
    assert "ECONNREFUSED" in said.warnings
    assert "→" in said.warnings


def test_a_person_reads_tables(person: Person, resque: Resque) -> None:
    resque.add("mail", "slow", 1, 3)
    said = person.run("queues", "--sample", "1")
    assert "mail" in said.text
    assert "stopped" in said.text
    assert "! queue mail: stopped" in said.text
    assert "noeviction" in said.text
