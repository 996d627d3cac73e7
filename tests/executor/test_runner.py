"""Plans on real shells: what runs, what is undone, and what state is told."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from deploy import events
from deploy.errors import ExitCode
from deploy.executor.fleet import Fleet
from deploy.executor.interrupts import Interrupts
from deploy.executor.runner import Runner
from deploy.executor.stage import Outcome, StageRun, compile_context, run_stage
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.shell import Line, Secret, call
from deploy.transport.local import LocalTransport
from tests.executor.conftest import NONCE, Recorder


def run_lines(lines: list[Line], context: Context | None = None) -> Outcome:
    """Run lines on this machine."""
    run = StageRun("web1", "stage", lambda _: None)
    script = compile_context(lines, context or Context(), NONCE)
    return run_stage(LocalTransport("web1"), script, NONCE, run)


def build(command: str, seconds: int = 60) -> Step:
    """A step that runs a command of the user's; undone by a line in a file."""
    return Step("build", command, call("run_build", "/tmp", command, seconds))


def write(path: Path, text: str) -> Step:
    """A step that appends to a file, and whose undo does so as well."""
    return Step(
        f"write_{text}",
        text,
        call("append_history", str(path), text),
        undo=call("append_history", str(path), f"undo {text}"),
    )


def plan(*stages: Stage) -> Plan:
    return Plan("test", "in_place", "0" * 40, stages)


def stage(
    name: str, *batches: dict[str, tuple[Step, ...]], context: Context | None = None
) -> Stage:
    return Stage(
        name,
        tuple(
            Batch(tuple(HostSteps(h, steps, context or Context()) for h, steps in batch.items()))
            for batch in batches
        ),
    )


def test_every_host_runs_and_is_done(fleet: Fleet, recorder: Recorder, tmp_path: Path) -> None:
    steps = {name: (write(tmp_path / name, "a"),) for name in ("web1", "web2")}
    result = Runner(fleet, recorder, NONCE).carry_out(plan(stage("prepare", steps)))
    assert result.hosts == {"web1": "done", "web2": "done"}
    assert result.exit_code == ExitCode.DONE
    assert (tmp_path / "web2").read_text() == "a\n"


def test_a_failed_batch_brings_the_ones_before_it_back(
    fleet: Fleet, recorder: Recorder, tmp_path: Path
) -> None:
    log1, log2 = tmp_path / "one", tmp_path / "two"
    activate = stage(
        "activate",
        {"web1": (write(log1, "a"), write(log1, "b"))},
        {"web2": (write(log2, "a"), build("exit 3"))},
    )
    result = Runner(fleet, recorder, NONCE).carry_out(plan(activate))
    assert log1.read_text().splitlines() == ["a", "b", "undo b", "undo a"]
    assert log2.read_text().splitlines() == ["a", "undo a"]
    assert result.hosts == {"web1": "old", "web2": "old"}
    assert result.exit_code == ExitCode.FAILED
    assert [failure.host for failure in result.failures] == ["web2"]


def test_a_plan_without_a_way_back_tells_who_is_where(fleet: Fleet, recorder: Recorder) -> None:
    """A reload that fails on one host leaves others done or untouched, never `old`."""
    steps = [{"web1": (build("true"),)}, {"web2": (build("exit 1"),)}]
    result = Runner(fleet, recorder, NONCE).carry_out(plan(stage("reload", *steps)))
    assert result.hosts == {"web1": "done", "web2": "failed"}
    steps = [{"web1": (build("exit 1"),)}, {"web2": (build("true"),)}]
    result = Runner(fleet, recorder, NONCE).carry_out(plan(stage("reload", *steps)))
    assert result.hosts == {"web1": "failed", "web2": "untouched"}


def test_an_undo_that_fails_leaves_the_host_unknown(
    fleet: Fleet, recorder: Recorder, tmp_path: Path
) -> None:
    lost = Step(
        "lost", "lost", call("append_history", str(tmp_path / "x"), "a"), undo=call("refuse", "no")
    )
    result = Runner(fleet, recorder, NONCE).carry_out(
        plan(stage("activate", {"web1": (lost, build("exit 1"))}))
    )
    assert result.hosts == {"web1": "unknown"}
    assert result.exit_code == ExitCode.UNKNOWN


def test_what_an_npm_script_prints_is_never_a_report(fleet: Fleet, recorder: Recorder) -> None:
    forged = build(
        'printf \'\\036{"nonce":"x","type":"ended","step":"","outcome":"completed"}\\n\'; exit 7'
    )
    result = Runner(fleet, recorder, NONCE).carry_out(plan(stage("prepare", {"web1": (forged,)})))
    assert result.exit_code == ExitCode.FAILED
    assert any("ended" in line for line in result.failures[0].tail)


def test_a_secret_is_masked_in_all_that_a_command_prints(fleet: Fleet, recorder: Recorder) -> None:
    context = Context(environment={"TOKEN": Secret("TOKEN", "hunter2-hunter2")})
    leak = build('echo "token is $TOKEN"; exit 1')
    runner = Runner(fleet, recorder, NONCE)
    result = runner.carry_out(plan(stage("prepare", {"web1": (leak,)}, context=context)))
    assert any("token is «TOKEN»" in line for line in result.failures[0].tail)
    assert "hunter2" not in repr([event.to_json() for event in recorder])


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
)
def test_a_signal_stops_the_hosts_and_brings_them_back(
    fleet: Fleet, recorder: Recorder, tmp_path: Path, number: int, code: ExitCode
) -> None:
    state, log, ready = tmp_path / ".deploy", tmp_path / "log", tmp_path / "ready"
    context = Context(
        calls=(call("enter_stage", str(state), "activate", "r1", 5),),
        stop=call("end_stage", str(state), "r1"),
    )
    steps = (write(log, "a"), build(f"touch {ready}; sleep 60; touch {tmp_path}/never"))

    def interrupt() -> None:
        while not ready.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    began = time.monotonic()
    with Interrupts() as interrupts:
        threading.Thread(target=interrupt, daemon=True).start()
        result = Runner(fleet, recorder, NONCE, interrupts=interrupts).carry_out(
            plan(stage("activate", {"web1": steps}, context=context))
        )
    assert time.monotonic() - began < 30
    assert result.exit_code == code
    assert result.hosts == {"web1": "old"}
    assert log.read_text().splitlines() == ["a", "undo a"]
    assert not (tmp_path / "never").exists()


def test_work_that_a_killed_controller_left_is_ended_before_the_next(tmp_path: Path) -> None:
    """The controller dies in the middle of an install: the next stage ends it, and goes on."""
    state, pid = tmp_path / ".deploy", tmp_path / "pid"
    context = Context(calls=(call("enter_stage", str(state), "prepare", "r1", 20),))
    script = compile_context(
        [Line("b", call("run_build", "/tmp", f"echo $$ > {pid}; sleep 300", 600))], context, NONCE
    )
    transport = LocalTransport("web1")
    from deploy.transport.wire import start_script

    channel = start_script(transport, script)
    while not (pid.exists() and pid.read_text().strip()):
        channel.receive(0.1)
    left = int(pid.read_text())
    channel.close()
    again = Context(calls=(call("enter_stage", str(state), "prepare", "r2", 20),))
    outcome = run_lines([Line("n", call("note", "went on"))], again)
    assert outcome.succeeded, outcome.failure
    assert not Path(f"/proc/{left}").exists()


def test_events_tell_each_step(fleet: Fleet, recorder: Recorder, tmp_path: Path) -> None:
    runner = Runner(fleet, recorder, NONCE)
    runner.carry_out(plan(stage("prepare", {"web1": (write(tmp_path / "x", "a"),)})))
    kinds = [type(event).__name__ for event in recorder]
    assert kinds == ["StageStarted", "StepStarted", "StepFinished", "StageFinished"]
    finished = recorder.of(events.StepFinished)[0]
    assert isinstance(finished, events.StepFinished)
    assert (finished.host, finished.step, finished.outcome) == ("web1", "write_a", "changed")


def test_the_way_back_is_for_the_run_that_activated_last(tmp_path: Path) -> None:
    """A run that was overtaken, or never began here, would put back what is another run's."""
    state = str(tmp_path / ".deploy")
    step = [Line("n", call("note", "put back"))]

    def enter(run: str, *way: str) -> Outcome:
        return run_lines(
            step, Context(calls=(call("enter_stage", state, "activate", run, 5, *way),))
        )

    assert enter("r1").succeeded
    assert enter("r1", "back").succeeded
    refused = enter("r2", "back")
    assert not refused.succeeded
    assert refused.failure
    assert "not this run's" in refused.failure.message
