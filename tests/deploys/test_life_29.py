"""The main job on ActionHero 29: processes roll one by one, on Node 20."""

from __future__ import annotations

import pytest

from tests.deploys.harness import Controller, run
from tests.deploys.life import (
    rows,
    serving,
    try_a_revision_under_load,
    try_reload_scale_stop_and_start,
)
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(live29: Controller) -> Lab:
    """ActionHero 29, in place on every host."""
    return live29.lab


def test_a_revision_under_load_and_then_nothing_to_do(lab: Lab) -> None:
    try_a_revision_under_load(lab)


def test_status_pids_and_history_agree(lab: Lab) -> None:
    revision = lab.repository.revision("HEAD")
    (status,) = rows(lab, "status")
    assert {row["revision"] for row in status["hosts"]} == {revision}
    assert {row["objection"] for row in status["hosts"]} == {""}
    running = {row["host"]: row["workers"]["running"] for row in status["hosts"]}
    assert running == {"web1": 2, "web2": 2, "jobs1": 1}
    assert {row["verdict"] for row in rows(lab, "pids")} == {"ok"}
    newest = rows(lab, "history")[-1]
    assert (newest["revision"], newest["outcome"]) == (revision[:10], "done")


def test_reload_scale_stop_and_start(lab: Lab) -> None:
    try_reload_scale_stop_and_start(lab)


def test_static_files_come_from_nginx_and_never_reach_the_app(lab: Lab) -> None:
    answer = lab.get("web1", "/static.txt")
    assert (answer.status, answer.headers["server"]) == (200, "nginx")
    assert "x-powered-by" not in answer.headers, "the app sets it on all that it answers"
    assert "x-powered-by" in lab.get("web1", "/api/status").headers


def test_a_dry_run_prints_the_calls_and_changes_nothing(lab: Lab) -> None:
    revision = lab.commit("not yet")
    before = serving(lab, "web1")
    dry = run(lab, "deploy", "--env", "lab", "--dry-run")
    assert dry.code == 0, dry.text
    assert f"fetch_commit '{lab.app_path('web1')}'" in dry.text
    assert "reload_cluster" in dry.text
    assert serving(lab, "web1") == before
    assert not (lab.app_path("web1") / ".deploy" / "prepared" / revision).exists()
