"""`invoke audit` on real hosts: nothing where all is right, and each of many wrongs by its id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.checks.audit.rules import RULES
from tests.audit import others, wrongs
from tests.audit.production import Production, standing

pytestmark = pytest.mark.lab

HOSTS = {
    *("boot_attempts", "default_server_token", "developer_mode", "env_file_mode", "no_boot"),
    *("writable_web_root", "no_lockfile", "pidfile_left", "version_skew", "open_files"),
    *("global_packages", "two_masters", "project_root", "pruned_launcher", "node_env"),
    *("node_version", "workers_missing", "log_size"),
}
NGINX = {
    *("nginx_tokens", "nginx_cache_headers", "nginx_max_fails", "nginx_static"),
    *("nginx_forwarded_for", "nginx_websocket"),
}
INVENTORY = {
    *("host_key_trust", "server_token", "shutdown_timeout", "no_task_role", "no_balancer"),
    *("one_worker", "workers_cpus", "redis_failover"),
}
REDIS = {
    *("queue_behind", "jobs_failed", "jobs_stuck", "no_scheduler", "tasks_on_servers"),
    *("redis_cache_apart", "redis_eviction", "redis_limit", "redis_persistence", "redis_replica"),
    "redis_clients_full",
}
OTHERS = {"one_web_host", "worker_listens", "redis_memory", "decision_off", "nginx_keepalive"}
MACHINE = {
    *("ends_at_logout", "little_room", "no_central_log", "runs_as_root"),
    *("redis_disk", "redis_lag", "redis_password"),
}
"""Where the machine lets a test do so: root, no lingering user, no program that sends logs away."""
RECORDED = {"swapping"}
"""Tried on recorded answers alone: a test does not fill a machine's memory."""


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    """Not below pytest's directory, which is closed to other users."""
    with TemporaryDirectory(prefix="aud-") as name:
        Path(name).chmod(0o755)
        with standing(Path(name)) as made:
            yield made


def test_nothing_is_found_in_a_right_one_and_each_wrong_by_its_id(production: Production) -> None:
    mine = "/usr/local/"  # packages of whose machine this is
    assert [row for row in production.audit() if not row["value"].startswith(mine)] == []
    wrongs.spoil_tree(production)
    wrongs.spoil_host(production)
    wrongs.spoil_nginx(production)
    wrongs.spoil_redis(production)
    with wrongs.crowd(production):
        rows = production.audit(wrongs.neglect)
    found = {row["rule"] for row in rows}
    expected = HOSTS | NGINX | INVENTORY | REDIS
    assert expected - found == set()
    assert found - expected <= {"no_central_log"}  # which this machine may lack
    places = {row["rule"]: (row["host"], row["place"], row["value"]) for row in rows}
    assert places["developer_mode"] == ("web1", "config/api.js:3", "developmentMode: true")
    assert places["open_files"] == ("web1", "ulimit -n", "256")
    assert places["one_worker"] == ("web2", "workers", "1")
    wrongs.fill_redis(production)
    wrongs.listen_everywhere(production)
    later = {row["rule"] for row in production.audit(wrongs.leave_one)} | found & {"no_central_log"}
    with (
        others.open_redis(production) as far,
        others.rooted(production) as near,
    ):
        rows = production.audit(
            lambda data: [do(data) for do in (wrongs.undecided, far.change, near.change)]
        )
    later |= {row["rule"] for row in rows}
    expected = OTHERS | far.rules | near.rules | others.unattended(production)
    assert expected - later == set()
    assert expected - OTHERS <= MACHINE


def test_every_rule_is_tried_on_real_hosts_but_for_one() -> None:
    tried = HOSTS | NGINX | INVENTORY | REDIS | OTHERS | MACHINE
    assert tried == {rule.id for rule in RULES} - RECORDED
