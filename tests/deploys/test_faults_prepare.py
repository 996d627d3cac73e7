"""What goes wrong while everything is made ready: nothing live is touched, and the lock is free."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.deploys.harness import Change, Controller, Said, building, cut_connection, marked
from tests.lab.processes import wait_until

pytestmark = pytest.mark.lab

WEB1 = ("--limit", "web1")
MARK = "sleep 61.7"
"""A build that hangs, to be found among the host's processes."""


@pytest.fixture(scope="module")
def behind(deployed: Controller) -> Controller:
    """There is something to deploy."""
    deployed.lab.commit("something new")
    return deployed


def assert_old_code_serves(controller: Controller, said: Said, old: str, code: int = 1) -> None:
    """The run says that nothing is lost, and it is true."""
    assert said.code == code, said.text
    assert said.end["message"].endswith("the old code serves on every host")
    assert said.end["hosts"] == {"web1": "old"}
    assert controller.serving("web1") == old
    row = controller.status()["web1"]
    assert (row["lock"], row["objection"], row["workers"]["running"]) == (None, "", 2)


FORGED = r"""printf '\036{"nonce":"0","type":"ended","step":"","outcome":"completed"}\n'; exit 7"""


@pytest.mark.parametrize(
    ("change", "message", "tail", "hint"),
    [
        (
            building("seq 30; echo the reason >&2; exit 3"),
            "ended with code 3",
            [*map(str, range(12, 31)), "the reason"],
            "mend it, then deploy again",
        ),
        (building("echo begun; sleep 60", 1), "ended after 1 s", ["begun"], "higher timeout"),
        (
            building("read answer; cat; echo got [$answer]; exit 4"),
            "ended with code 4",
            ["got []"],
            "mend it",
        ),
        (building(FORGED), "ended with code 7", None, "mend it"),
    ],
    ids=["fails", "hangs", "reads standard input", "prints what looks like an event"],
)
def test_a_build_step_goes_wrong(
    behind: Controller, change: Change, message: str, tail: list[str] | None, hint: str
) -> None:
    old = behind.serving()
    said = behind.run("deploy", *WEB1, change=change)
    failure = said.failure
    assert (failure["host"], failure["step"]) == ("web1", "run_build_1")
    assert message in failure["message"]
    assert hint in failure["hint"]
    assert said.events("step_logged")[-1]["step"] == "run_build_1"
    if tail is None:
        assert '"outcome":"completed"' in failure["tail"][-1]
    else:
        assert failure["tail"] == tail
    assert_old_code_serves(behind, said, old)


def test_a_failure_on_three_hosts_is_drawn_once_with_its_lines(behind: Controller) -> None:
    """What a person reads: each host is named, the lines that failed are not told three times."""
    broken = building("echo a very special line; exit 3")
    said = behind.run("deploy", change=broken, output="terminal")
    assert said.code == 1
    report = said.text.split("ended with code 3", 1)[1]
    assert report.count("a very special line") == 1
    assert report.count("run_build_1: the same") == 2
    assert "failed: the old code serves on every host" in said.lines[-1]


def test_a_commit_without_package_json_is_refused(behind: Controller) -> None:
    old = behind.serving()
    with behind.committed("no package.json", {"package.json": None}):
        said = behind.run("deploy", *WEB1)
    assert (said.code, said.failure["host"], said.failure["step"]) == (1, "web1", "package")
    assert said.failure["message"].startswith("no package.json at ")
    assert behind.serving() == old


def test_a_lockfile_that_does_not_match_is_refused_by_name(behind: Controller) -> None:
    old = behind.serving()
    package = json.loads(behind.lab.repository.show("HEAD", "package.json"))
    package["dependencies"]["extra"] = "file:extra"
    files: dict[str, str | None] = {
        "package.json": json.dumps(package),
        "extra/package.json": '{"name": "extra", "version": "1.0.0"}',
    }
    with behind.committed("an unlocked package", files):
        said = behind.run("deploy", *WEB1)
    assert said.failure["step"] == "install_node"
    assert "lockfile is missing or does not match" in said.failure["message"]
    assert any("Missing: extra" in line for line in said.failure["tail"])
    assert "commit package-lock.json" in said.failure["hint"]
    assert_old_code_serves(behind, said, old)


def test_a_connection_cut_while_preparing_leaves_work_that_the_next_deploy_ends(
    behind: Controller,
) -> None:
    old = behind.serving()
    running = behind.start("deploy", *WEB1, change=building(f"echo begun; {MARK}"))
    running.wait_for("step_logged", line="begun")
    build = marked(behind.lab, "web1", MARK)[-1]
    cut_connection(build)
    said = running.finish()
    assert "connection was lost" in said.failure["message"]
    assert said.failure["step"] == "run_build_1"
    assert "nothing live was touched" in said.failure["hint"]
    assert_old_code_serves(behind, said, old)
    assert build.is_alive()
    again = behind.run("deploy", *WEB1, change=building("exit 9"))
    assert "ended with code 9" in again.failure["message"]
    assert not build.is_alive()


def test_two_deploys_at_once_then_ctrl_c(behind: Controller) -> None:
    """The second is refused and told who is at work; the first ends at once, and lets go."""
    old = behind.serving()
    running = behind.start("deploy", *WEB1, change=building(f"echo begun; {MARK}"))
    running.wait_for("step_logged", line="begun")
    second = behind.run("deploy", *WEB1)
    assert second.code == 4
    assert "locked by " in second.failure["message"]
    assert "for deploy" in second.failure["message"]
    assert "unlock" in second.failure["hint"]
    assert second.end["message"] == "locked; nothing was changed"
    running.signal(signal.SIGINT)
    said = running.finish()
    assert (said.failure["message"], said.failure["tail"]) == ("interrupted", [])
    assert_old_code_serves(behind, said, old, code=130)
    assert not marked(behind.lab, "web1", MARK)
    newest = json.loads(behind.run("history", *WEB1).lines[-1])
    assert newest["outcome"] == "old"


def test_sigterm_while_preparing(behind: Controller) -> None:
    old = behind.serving()
    running = behind.start("deploy", *WEB1, change=building(f"echo begun; {MARK}"))
    running.wait_for("step_logged", line="begun")
    running.signal(signal.SIGTERM)
    assert_old_code_serves(behind, running.finish(), old, code=143)
    wait_until(lambda: not marked(behind.lab, "web1", MARK), "the end of the build")


def test_a_changed_tree_is_refused_with_its_files_and_force_drops_them(
    behind: Controller,
) -> None:
    old, lab = behind.serving(), behind.lab
    path = lab.app_path("web1")
    lab.sh("web1", f"cd {path}; echo hot fix >>src/server.ts; echo 99 >revision.txt")
    assert behind.status()["web1"]["changes"] == 2
    dry = behind.run("deploy", *WEB1, "--dry-run")
    said = behind.run("deploy", *WEB1)
    for one in (dry, said):
        assert one.code == 1
        assert "src/server.ts" in one.failure["message"]
        assert "revision.txt" in one.failure["message"]
        assert "--force" in one.failure["hint"]
    assert behind.serving() == old
    forced = behind.run("deploy", *WEB1, "--force")
    assert forced.code == 0, forced.text
    assert any("src/server.ts" in warned["text"] for warned in forced.events("warned"))
    assert behind.serving() == lab.number("HEAD")
    assert "hot fix" in lab.sh("web1", f"git -C {path} show refs/deploy/dropped")


def test_a_controller_killed_in_npm_ci_is_waited_for_or_ended_by_the_next(
    behind: Controller,
) -> None:
    lab = behind.lab
    lab.commit("again")

    def other_packages(data: dict[str, Any]) -> None:
        data["app"]["dependencies"] = {"flags": ["--no-audit", "--no-fund", "--foreground-scripts"]}

    running = behind.start("deploy", *WEB1, change=other_packages)
    running.wait_for("step_noted", text="npm ci")
    wait_until(lambda: bool(marked(lab, "web1", "npm ci")), "npm ci")
    left = marked(lab, "web1", "npm ci")
    for process in left:
        process.signal(signal.SIGSTOP)  # it is surely there when the next one comes
    running.signal(signal.SIGKILL)
    running.finish()
    assert behind.serving() != lab.number("HEAD")
    said = behind.run("deploy", *WEB1, change=other_packages)
    assert said.code == 0, said.text
    assert any("waiting for the work of" in note["text"] for note in said.events("step_noted"))
    assert not any(process.is_alive() for process in left)
    assert behind.serving() == lab.number("HEAD")


def test_a_path_with_spaces_and_quotes(behind: Controller) -> None:
    """A first deploy that fails does not speak of old code; the next one works, quotes and all."""
    lab = behind.lab
    path = lab.host_root("web2") / 'it\'s "the" $(new) one'

    def elsewhere(data: dict[str, Any]) -> None:
        data["hosts"]["web2"]["path"] = str(path)

    def failing(data: dict[str, Any]) -> None:
        elsewhere(data)
        building("exit 5")(data)

    failed = behind.run("deploy", "--limit", "web2", change=failing)
    assert failed.code == 1
    assert "0 of 2 workers run" in failed.end["message"]
    assert "old code" not in failed.end["message"]
    said = behind.run("deploy", "--limit", "web2", change=elsewhere)
    assert said.code == 0, said.text
    assert {p.cwd for p in marked(lab, "web2", "dist/server.js")} >= {str(path)}
    assert behind.run("stop", "--limit", "web2", change=elsewhere).code == 0


def test_a_branch_named_like_a_command_is_only_a_name(behind: Controller) -> None:
    """`--without` leaves hosts behind on purpose, and status shows it."""
    lab = behind.lab
    revision = lab.commit("on a branch with a strange name")
    bare = str(lab.site.bare)
    lab.sh("git", f"git -C {bare} update-ref 'refs/heads/$(reboot)' {revision}")
    said = behind.run("deploy", "--revision", "$(reboot)", "--without", "web2,jobs1")
    assert said.code == 0, said.text
    assert behind.serving("web1") == lab.number(revision)
    assert behind.serving("web2") != lab.number(revision)
    rows = behind.status()
    assert rows["web1"]["revision"] != rows["web2"]["revision"]
