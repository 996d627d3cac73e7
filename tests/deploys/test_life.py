"""The main job from end to end: deploys of real apps to real hosts, by the command line.

One lab for each version of ActionHero; the tests of a version go on from each other's state.
"""

from __future__ import annotations

import json

import pytest
from websockets.sync.client import connect

from tests.deploys.harness import run
from tests.lab import Lab

WEB = ("web1", "web2")
HOSTS = (*WEB, "jobs1")


def serving(lab: Lab, host: str) -> str:
    """The number of the revision that a host's app has loaded, through its nginx."""
    return str(lab.get(host, "/api/revision").json()["revision"])


def deploy_new(lab: Lab) -> str:
    """Commit and deploy; the commit's full name."""
    revision = lab.commit("change")
    done = run(lab, "deploy", "--env", "lab")
    assert done.code == 0, done.text
    return revision


@pytest.mark.parametrize("app", [14, 18, 29])
def test_two_revisions_under_load_and_then_nothing_to_do(
    app: int, request: pytest.FixtureRequest
) -> None:
    """From bare hosts to two revisions, while clients ask; the same again changes nothing."""
    lab: Lab = request.getfixturevalue(f"lab{app}")
    lab.reset()
    first = deploy_new(lab)
    assert {serving(lab, host) for host in WEB} == {lab.number(first)}
    with lab.load("web1", clients=2, pause=0.05) as load:
        second = deploy_new(lab)
    assert load.total > 20
    assert load.failed == {}, "nginx repeats what a stopping worker cut"
    assert {serving(lab, host) for host in WEB} == {lab.number(second)}
    before = {host: lab.processes(host) for host in HOSTS}
    again = run(lab, "deploy", "--env", "lab")
    assert again.code == 0, again.text
    assert "nothing to do" in again.text
    assert {host: lab.processes(host) for host in HOSTS} == before


def test_status_pids_and_history_agree(lab29: Lab) -> None:
    revision = deploy_new(lab29)
    status = rows(lab29, "status")
    assert {row["revision"] for row in status} == {revision[:10]}
    assert {row["proof"] for row in status} == {"ok"}
    assert {row["workers"] for row in status} == {"2 of 2"}
    assert {row["verdict"] for row in rows(lab29, "pids")} == {"ok"}
    newest = rows(lab29, "history")[-1]
    assert (newest["revision"], newest["outcome"]) == (revision[:10], "done")


@pytest.mark.parametrize("app", [18, 29])
def test_reload_scale_stop_and_start(app: int, request: pytest.FixtureRequest) -> None:
    lab: Lab = request.getfixturevalue(f"lab{app}")
    masters = app == 18
    deploy_new(lab)
    before = {p.pid for p in lab.processes("web1")}
    web1 = ("--env", "lab", "--limit", "web1")
    assert run(lab, "reload", *web1).code == 0
    kept = before & {p.pid for p in lab.processes("web1")}
    assert len(kept) == masters, "only a cluster master lives on"
    for workers in (3, 2):
        done = run(lab, "scale", *web1, "--workers", str(workers))
        assert done.code == 0, done.text
        assert len(lab.processes("web1")) == workers + masters
    assert run(lab, "stop", *web1).code == 0
    assert lab.processes("web1") == []
    assert run(lab, "status", *web1).code == 1
    assert run(lab, "start", *web1).code == 0
    assert run(lab, "status", *web1).code == 0


def test_static_files_come_from_nginx_and_never_reach_the_app(lab29: Lab) -> None:
    deploy_new(lab29)
    answer = lab29.get("web1", "/static.txt")
    assert (answer.status, answer.headers["server"]) == (200, "nginx")
    assert "x-powered-by" not in answer.headers, "the app sets it on all that it answers"
    assert "x-powered-by" in lab29.get("web1", "/api/status").headers


def test_a_dry_run_prints_the_calls_and_changes_nothing(lab29: Lab) -> None:
    deploy_new(lab29)
    revision = lab29.commit("not yet")
    before = serving(lab29, "web1")
    dry = run(lab29, "deploy", "--env", "lab", "--dry-run")
    assert dry.code == 0, dry.text
    assert f"fetch_commit '{lab29.app_path('web1')}'" in dry.text
    assert "reload_cluster" in dry.text
    assert serving(lab29, "web1") == before
    assert not (lab29.app_path("web1") / ".deploy" / "prepared" / revision).exists()


def rows(lab: Lab, task: str) -> list[dict[str, str]]:
    """The rows of a task that prints a table; it must find everything well."""
    said = run(lab, task, "--env", "lab", "--output", "json")
    assert said.code == 0, said.text
    return [json.loads(line) for line in said.lines]


def test_a_master_behind_a_symlink_is_not_called_a_success(lab14: Lab) -> None:
    """14 without PROJECT_ROOT, started through `current`: USR2 would reload the old directory."""
    lab14.reset()
    deploy_new(lab14)
    app = lab14.app_path("web1")
    releases = app.parent / "releases"
    assert run(lab14, "stop", "--env", "lab", "--limit", "web1").code == 0
    lab14.sh(
        "web1",
        f"mkdir {releases}; mv {app} {releases}/1; cp -a {releases}/1 {releases}/2\n"
        f"ln -s {releases}/1 {app}",
    )
    try:
        assert run(lab14, "start", "--env", "lab", "--limit", "web1").code == 0
        old = lab14.processes("web1")
        lab14.sh("web1", f"ln -s {releases}/2 {app}.new; mv -T {app}.new {app}")
        lab14.commit("behind a symlink")
        done = run(lab14, "deploy", "--env", "lab", "--limit", "web1")
        assert done.code == 1, done.text
        assert f"runs from {releases}/1" in done.text
        assert lab14.processes("web1") == old
    finally:
        lab14.reset()
        lab14.sh("web1", f"rm -rf {releases} {app}")


def test_primus_keeps_the_forwarded_address(lab18: Lab) -> None:
    """A WebSocket through nginx: the app knows the client's address, not the unix socket's."""
    lab18.reset()
    deploy_new(lab18)
    address, port = lab18.web_address("web1")
    with connect(f"ws://{address}:{port}/primus", open_timeout=10) as client:
        client.send(json.dumps({"event": "detailsView", "messageId": 1}))
        while (answer := json.loads(client.recv(timeout=10))).get("context") != "response":
            pass
    assert answer["data"]["remoteIP"] == "127.0.0.1"
