"""The fleet's decision outlives who made it: its controller is killed, redis goes, answers are
lost, each at its very point; whatever comes, the fleet comes to one release.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.kills import Stand
from tests.lab.processes import Process, end, everything, wait_until
from tests.lab.releases import await_rest, confirmed, record
from tests.lab.site import ROLES

pytestmark = pytest.mark.lab


def await_no_pending(stand: Stand) -> None:
    """Until each host's watcher has settled what was pending."""

    def is_settled() -> bool:
        return not any(record(stand.lab, host, "pending") for host in ROLES)

    wait_until(is_settled, "the watchers", 30)


def test_what_must_not_run_twice_stops_first_behind_the_balancer(stand: Stand) -> None:
    """Settings as on a host without the memory for both: the same steps."""

    def alone(data: dict[str, Any]) -> None:
        told = {"drain_command": "echo out >>told", "ready_command": "echo in >>told"}
        data.update(overlap=False, **told)

    stand.lab.commit("not beside the old one")
    said = stand.controller.run("deploy", change=alone)
    assert said.code == 0, said.text
    assert stand.controller.serving() == stand.lab.number("HEAD")
    warned = [event["text"] for event in said.events("warned")]
    for host in ("web1", "web2"):
        assert (stand.lab.app_path(host) / "told").read_text().split() == ["out", "in"]
        assert any(text.startswith(f"{host}: overlap: false: the old code") for text in warned)
    assert not any("jobs1" in text for text in warned)
    await_rest(stand.lab)


def test_a_commit_whose_answer_is_lost_is_read_again(stand: Stand) -> None:
    """The link to the host that decides breaks once redis has decided."""
    stand.lab.commit("the answer is lost")
    stand.points.hold("web1", "decide-commit.after")
    running = stand.start_until("web1", "decide-commit.after")
    stand.points.cut("web1")
    stand.points.release("web1", "decide-commit.after")
    said = running.finish()
    assert said.code == 0, said.text
    assert set(said.end["hosts"].values()) == {"done"}
    await_rest(stand.lab)
    assert stand.controller.serving() == stand.lab.number("HEAD")


def test_a_commit_that_comes_after_the_watchers_is_refused_and_all_stay_back(stand: Stand) -> None:
    old, before = stand.controller.serving(), confirmed(stand.lab, "web1")
    stand.lab.commit("too late to commit")
    stand.points.hold("web1", "decide-commit.before")
    running = stand.start_until("web1", "decide-commit.before")
    stand.points.lapse()
    await_no_pending(stand)
    stand.points.release("web1", "decide-commit.before")
    said = running.finish()
    assert said.code == 1, said.text
    assert said.failure["step"] == "decide_switch"
    assert "abort, not commit" in said.failure["message"]
    assert set(said.end["hosts"].values()) == {"old"}
    await_rest(stand.lab)
    assert (stand.controller.serving(), confirmed(stand.lab, "jobs1")) == (old, before)


def test_a_confirmation_that_comes_after_the_watchers_changes_nothing(stand: Stand) -> None:
    stand.lab.commit("confirmed already")
    stand.points.hold("web1", "decide-commit.after")
    running = stand.start_until("web1", "decide-commit.after")
    stand.points.lapse()
    await_no_pending(stand)
    stand.points.release("web1", "decide-commit.after")
    said = running.finish()
    assert said.code == 0, said.text
    outcomes = [e["outcome"] for e in said.events("step_finished") if e["step"] == "confirm_switch"]
    assert outcomes == ["unchanged"] * len(ROLES)
    await_rest(stand.lab)
    assert stand.controller.serving() == stand.lab.number("HEAD")


def test_a_new_deploy_waits_for_a_watcher_that_returns(stand: Stand) -> None:
    stand.lab.commit("left pending")
    stand.points.hold("web1", "decide-abort.before")
    stand.kill_at("web1", "gate")
    wait_until(lambda: stand.points.is_reached("web1", "decide-abort.before"), "the watcher", 30)
    left = record(stand.lab, "web1", "pending")["run"]
    stand.lab.commit("the next one")
    running = stand.controller.start("deploy")
    running.wait_for("step_started", step="settle_switch", host="web1")
    stand.points.release("web1", "decide-abort.before")
    said = running.finish()
    assert said.code == 0, said.text
    assert record(stand.lab, "web1", "returned")["run"] == left
    await_rest(stand.lab)
    assert stand.controller.serving() == stand.lab.number("HEAD")


def test_redis_that_is_gone_leaves_hosts_pending_until_it_is_back(stand: Stand) -> None:
    old = stand.controller.serving()
    stand.lab.commit("redis goes")
    stand.points.hold("web2", "read.before")
    running = stand.start_until("web2", "read.before")
    with stand.points.redis_stopped():
        stand.points.release("web2", "read.before")
        said = running.finish()
        assert said.code == 3, said.text
        assert said.end["hosts"]["web1"] == "unknown"
        assert "stays pending" in said.text
        assert record(stand.lab, "web1", "pending")
    await_rest(stand.lab)
    assert stand.controller.serving() == old


def test_a_redis_that_lost_the_key_is_settled_by_the_next_deploy(stand: Stand) -> None:
    """The watcher must not decide: it cannot know what was decided before."""
    stand.lab.commit("redis forgets")
    stand.points.hold("web2", "read.before")
    running = stand.start_until("web2", "read.before")
    stand.kill(running)
    stand.lab.restart_redis()
    stand.points.release("web2", "read.before")
    wait_until(lambda: "undecidable" in stand.points.answers("web1", "decide-abort"), "it", 30)
    assert record(stand.lab, "web1", "pending")
    said = stand.controller.run("deploy")
    assert said.code == 0, said.text
    assert "every host is frozen first" in said.text
    await_rest(stand.lab)
    assert stand.controller.serving() == stand.lab.number("HEAD")


@pytest.mark.parametrize(
    ("point", "is_new"), [("decide-commit.after", True), ("gate", False)], ids=["decided", "open"]
)
def test_a_host_that_restarts_while_pending_comes_to_what_is_decided(
    stand: Stand, point: str, is_new: bool
) -> None:
    """As after a power cut: nothing runs there, until its crontab starts the watcher."""
    lab, old = stand.lab, stand.controller.serving()
    lab.commit("power cut")
    stand.points.hold("web1", point)
    stand.kill(stand.start_until("web1", point))
    stand.points.end_stage("web1")
    end(lambda: works_of(lab, "web1"))
    stand.points.release("web1", point)
    state = lab.app_path("web1") / ".deploy"
    (state / "booted").write_text("another boot")
    assert record(lab, "web1", "pending")
    lab.sh("web1", f"setsid sh {state}/watcher >/dev/null 2>&1 </dev/null &")
    await_rest(lab)
    assert stand.controller.serving() == (lab.number("HEAD") if is_new else old)


def works_of(lab: Lab, host: str) -> list[Process]:
    """The app's processes on the host, and its watcher."""
    app = str(lab.app_path(host))
    return [p for p in everything().values() if p.cwd.startswith(app) or app in p.line]
