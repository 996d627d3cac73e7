"""The main job from end to end: deploys of real apps to real hosts, by the command line.

One lab for each version of ActionHero; the tests of a version go on from each other's state.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.deploys.harness import run
from websockets.sync.client import connect

from tests.lab import Lab

WEB = ("web1", "web2")
HOSTS = (*WEB, "jobs1")


@pytest.fixture(params=[14, 18, 29])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each version in turn."""
    return request.getfixturevalue(f"lab{request.param}")  # type: ignore[no-any-return]


def serving(lab: Lab, host: str) -> str:
    """The number of the revision that a host's app has loaded, through its nginx."""
    return str(lab.get(host, "/api/revision").json()["revision"])


def deploy_new(lab: Lab) -> str:
    """Commit and deploy; the commit's full name."""
    revision = lab.commit("change")
    done = run(lab, "deploy", "--env", "lab")
    assert done.code == 0, done.text
    return revision


def test_two_revisions_and_nothing_to_do(lab: Lab) -> None:
    """From bare hosts to two revisions; the same again is a no-op that changes nothing."""
    lab.reset()
    for _ in range(2):
        revision = deploy_new(lab)
        assert {serving(lab, host) for host in WEB} == {lab.number(revision)}
    before = {host: lab.processes(host) for host in HOSTS}
    again = run(lab, "deploy", "--env", "lab")
    assert again.code == 0, again.text
    assert "nothing to do" in again.text
    assert {host: lab.processes(host) for host in HOSTS} == before


def test_status_pids_and_history_agree(lab: Lab) -> None:
    revision = deploy_new(lab)
    status = [
        json.loads(row) for row in run(lab, "status", "--env", "lab", "--output", "json").lines
    ]
    assert {row["revision"] for row in status} == {revision[:10]}
    assert {row["proof"] for row in status} == {"ok"}
    assert {row["workers"] for row in status} == {"2 of 2"}
    pids = run(lab, "pids", "--env", "lab", "--output", "json")
    assert pids.code == 0, pids.text
    verdicts = [json.loads(row)["verdict"] for row in pids.lines]
    assert set(verdicts) == {"ok"}
    newest = json.loads(run(lab, "history", "--env", "lab", "--output", "json").lines[-1])
    assert (newest["revision"], newest["outcome"]) == (revision[:10], "done")


def test_reload_replaces_every_worker_and_no_master(lab: Lab) -> None:
    deploy_new(lab)
    before = {host: {p.pid for p in lab.processes(host)} for host in HOSTS}
    done = run(lab, "reload", "--env", "lab")
    assert done.code == 0, done.text
    for host in HOSTS:
        kept = before[host] & {p.pid for p in lab.processes(host)}
        assert len(kept) == (0 if lab.site.app == 29 else 1), "only a cluster master lives on"


def test_scale_stop_and_start(lab: Lab) -> None:
    deploy_new(lab)
    for workers in (3, 2):
        done = run(lab, "scale", "--env", "lab", "--workers", str(workers), "--limit", "web1")
        assert done.code == 0, done.text
        assert len(lab.processes("web1")) == workers + (lab.site.app != 29)
    assert run(lab, "stop", "--env", "lab", "--limit", "web1").code == 0
    assert lab.processes("web1") == []
    assert run(lab, "status", "--env", "lab").code == 1
    assert run(lab, "start", "--env", "lab", "--limit", "web1").code == 0
    assert run(lab, "status", "--env", "lab").code == 0


def test_short_requests_go_on_during_a_reload(lab: Lab) -> None:
    """What USR2 promises and nginx's repeated upstream entries keep: idempotent requests answer."""
    deploy_new(lab)
    lab.commit("under load")
    with lab.load("web1") as load:
        done = run(lab, "deploy", "--env", "lab", "--limit", "web1")
    assert done.code == 0, done.text
    assert load.total > 20
    assert load.failed == {}


def test_static_files_come_from_nginx_and_never_reach_the_app(lab: Lab) -> None:
    deploy_new(lab)
    log = lab.app_path("web1") / "log"
    assert lab.get("web1", "/static.txt").status == 200
    said = "".join(path.read_text(errors="replace") for path in log.glob("*.log"))
    assert "static.txt" not in said


def test_a_dry_run_prints_the_calls_and_changes_nothing(lab: Lab) -> None:
    deploy_new(lab)
    revision = lab.commit("not yet")
    before = serving(lab, "web1")
    dry = run(lab, "deploy", "--env", "lab", "--dry-run")
    assert dry.code == 0, dry.text
    assert f"fetch_commit '{lab.app_path('web1')}'" in dry.text
    assert "reload_cluster" in dry.text
    assert serving(lab, "web1") == before
    assert not (lab.app_path("web1") / ".deploy" / "prepared" / revision).exists()


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
        old = serving(lab14, "web1")
        lab14.sh("web1", f"ln -s {releases}/2 {app}.new; mv -T {app}.new {app}")
        lab14.commit("behind a symlink")
        done = run(lab14, "deploy", "--env", "lab", "--limit", "web1")
        assert done.code == 1, done.text
        assert f"runs from {releases}/1" in done.text
        assert serving(lab14, "web1") == old
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


def test_two_labs_stand_side_by_side(lab14: Lab, lab29: Lab) -> None:
    deploy_new(lab14)
    deploy_new(lab29)
    roots = {Path(lab.site.root) for lab in (lab14, lab29)}
    assert len(roots) == 2
