"""Files of programs installed, taken up by a real nginx and proved; or put back."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from deploy.shell import Call, call
from tests.remote.harness import end_session, step
from tests.remote.nginx_place import NGINX, Place

pytestmark = pytest.mark.shells_in_turn


def test_a_new_file_is_taken_up_and_proved_and_the_old_one_kept(place: Place) -> None:
    place.start()
    ran = place.run(
        *place.stage(place.text("new")),
        place.check(),
        place.install("0640"),
        place.reload(),
        place.prove(command=f"[ $(curl -sS http://127.0.0.1:{place.port}/) = new ]"),
        place.record(),
    )
    assert ran.code == 0, ran.log
    assert place.comes_to("new")
    assert place.file.stat().st_mode & 0o777 == 0o640
    assert place.old.read_text() == place.text("old")
    installed = place.look(place.file).installed[str(place.file)]
    assert installed.content.decode() == place.text("new")
    assert (installed.mode, installed.owner) == ("0644", "")
    assert abs(installed.at - time.time()) < 60
    assert not Path(place.state, "config/new").exists(), "texts do not lie about"


def test_a_program_that_accepts_the_file_and_does_not_take_it_up_gets_the_old_one_back(
    place: Place,
) -> None:
    """The port is taken: `nginx -t` and `-s reload` say yes, and the old workers go on."""
    place.start()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = place.text("new", port=taken.getsockname()[1])
        ran = place.run(
            *place.stage(text), place.check(), place.install(), place.reload(), place.prove(2)
        )
    assert ran.outcomes["prove_program"] == "failed"
    assert "started no new worker" in ran.refusal
    assert [one["outcome"] for one in ran.of("undone")] == ["completed"]
    assert place.file.read_text() == place.text("old")
    assert place.comes_to("old")


def test_a_reload_that_fails_puts_the_old_file_back_with_its_mode(place: Place) -> None:
    place.start()
    place.file.chmod(0o600)
    marker = place.root / "failed-once"
    command = f"[ -e '{marker}' ] || {{ touch '{marker}'; echo 'no reload today'; exit 3; }}"
    ran = place.run(
        *place.stage(place.text("new")), place.install(reload=command), place.reload(command)
    )
    assert "nginx does not reload: no reload today" in ran.refusal
    assert [one["outcome"] for one in ran.of("undone")] == ["completed"]
    assert place.file.read_text() == place.text("old")
    assert place.file.stat().st_mode & 0o777 == 0o600


def test_a_program_that_never_reloads_is_as_it_was(place: Place) -> None:
    """It did not run before, either: the files are back, and that is told."""
    ran = place.run(
        *place.stage(place.text("new")), place.install(reload="exit 1"), place.reload("exit 1")
    )
    assert [one["outcome"] for one in ran.of("undone")] == ["completed"]
    assert "does not reload with its old files either" in ran.warnings
    assert place.file.read_text() == place.text("old")


def test_a_program_that_took_the_new_file_and_not_the_old_one_is_unknown(place: Place) -> None:
    marker = place.root / "once"
    command = f"[ ! -e '{marker}' ] && touch '{marker}'"
    ran = place.run(
        *place.stage(place.text("new")),
        place.install(reload=command),
        place.reload(command),
        place.prove(1, "false"),
    )
    assert [one["outcome"] for one in ran.of("undone")] == ["failed"]
    assert "may still run with the new files" in ran.warnings


def test_a_file_that_was_not_there_is_gone_after_the_way_back(place: Place) -> None:
    place.file.unlink()
    ran = place.run(
        *place.stage(place.text("new")), place.install(reload="true"), place.reload("exit 1")
    )
    assert ran.outcomes["install_files"] == "changed"
    assert ran.code == 1
    assert [path for path in place.file.parent.rglob("*") if path.is_file()] == []


def test_a_run_that_is_killed_before_the_proof_is_ended_by_the_next(place: Place) -> None:
    """What that one goes back to is what was proved last, not what the killed run left."""
    stage = place.shell.start(
        *place.stage("two"),
        place.install(reload="true"),
        place.reload(f"touch '{place.root}/busy'; sleep 60"),
        before=[call("describe_config", place.state, "r1")],
    )
    while not (place.root / "busy").exists():
        assert stage.poll() is None
        time.sleep(0.01)
    end_session(stage, signal.SIGKILL)
    stage.communicate()
    state = place.look(place.file)
    assert state.unproved == ("nginx",)
    assert state.files[str(place.file)].content == b"two"
    ran = place.run(*place.stage("three"), place.install(reload="true"), place.reload("exit 1"))
    assert ran.code == 1
    state = place.look(place.file)
    assert state.unproved == ()
    assert state.files[str(place.file)].content.decode() == place.text("old")


def test_what_a_later_step_fails_on_is_forgotten(place: Place) -> None:
    place.run(*place.stage("one"), place.install(reload="true"), place.record())
    ran = place.run(
        *place.stage("two"),
        place.install(reload="true"),
        place.record(),
        step("reload_program", "other", "no", 5, "false"),
        run="r2",
    )
    assert ran.code == 1
    state = place.look(place.file)
    assert state.installed[str(place.file)].content == b"one"
    assert state.files[str(place.file)].content == b"one"


def test_a_daemon_that_a_reload_starts_holds_neither_lock_nor_stream(place: Place) -> None:
    """The stage ends although it lives, and the next one gets the stage lock."""
    place.file.write_text(place.text("new"))
    enter = call("enter_stage", place.state, "activate", "r1", 2)
    ran = place.shell.run(
        place.reload(f"{NGINX} -c '{place.file}'"),
        before=[call("describe_config", place.state, "r1"), step("clear_stage").call, enter],
    )
    assert ran.code == 0, ran.log
    place.masters.append(int((place.root / "nginx.pid").read_text()))
    again = place.shell.run(before=[Call(enter.verb, enter.arguments)])
    assert again.of("refused") == [], again.log


def test_a_way_back_undoes_its_own_run_and_no_other(place: Place) -> None:
    """A connection was cut before the step began: what an earlier run replaced stays so."""
    place.run(*place.stage("one"), place.install(reload="true"), place.record(), run="r1")
    back = [step("forget_files"), step("restore_files", "nginx", "no", 5, "false")]
    ran = place.run(*back, run="r2")
    assert ran.outcomes == {"forget_files": "unchanged", "restore_files": "unchanged"}
    assert place.file.read_text() == "one"
    assert place.run(*back[:1], step("restore_files", "nginx", "no", 5, "true")).code == 0
    assert place.file.read_text() == place.text("old")


def test_a_controller_that_is_gone_is_no_reason_to_go_back(place: Place) -> None:
    stage = place.shell.start(
        *place.stage("two"),
        place.install(reload="true"),
        place.reload(f"touch '{place.root}/busy'; sleep 1; echo a word for nobody"),
        place.record(),
        before=[call("describe_config", place.state, "r1")],
    )
    for stream in (stage.stdout, stage.stderr):
        assert stream is not None
        stream.close()
    assert stage.wait(20) == 0
    assert place.file.read_text() == "two"
    assert place.look(place.file).unproved == ()
