"""The access log around a cut-over, as nginx writes it and as clients try to forge it, counted."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from deploy.facts.traffic import Row, TrafficState, parse_traffic
from tests.remote.harness import Shell, fact

RUN = "20261123T141502Z-3f2a"
SWITCH = 1_795_000_000
"""Seconds since 1970: 2026-11-18."""


def journal(path: Path, at: int, *, events: tuple[str, ...] = ("started", "finished")) -> Path:
    """What the host wrote down of this run's switch, and of another's."""
    lines = [
        f'{{"run":"{run}","stage":"activate","step":"switch_live","at":{{"ticks":1,"time":{when}}},'
        f'"event":"{event}","outcome":""}}\n'
        for run, when in (("other", at - 500), (RUN, at))
        for event in events
    ]
    path.write_text("".join(lines))
    return path


def plain(at: int, status: int = 200, taken: float = 0.012, zone: int = 0) -> str:
    """A line as templates/nginx/ make it, in a zone of hours; clients forge what they can."""
    time = datetime.fromtimestamp(at, timezone(timedelta(hours=zone)))
    forged = " time=99 [01/Jan/1970:00:00:00 +0000] "
    return (
        f'10.0.0.1 - {forged} [{time:%d/%b/%Y:%H:%M:%S %z}] "GET /?{forged} HTTP/1.1" {status} 2'
        f' "{forged}" "{forged}" "-" time={taken:.3f} upstream=unix:/s/0.sock id=1\n'
    )


def as_json(at: int, status: int = 200, taken: float = 0.012, zone: int = 0) -> str:
    """The same in JSON, whose values nginx escapes."""
    line = {
        "time": datetime.fromtimestamp(at, timezone(timedelta(hours=zone))).isoformat(),
        "uri": '/","status":"500","request_time":99,"',
        "status": str(status),
        "request_time": taken,
    }
    return json.dumps(line, separators=(",", ":")) + "\n"


def read(shell: Shell, directory: Path, log: Path) -> TrafficState:
    asked = fact("read_traffic", str(directory / "journal"), RUN, str(log), "switch_live")
    done = shell.run(asked)
    assert done.code == 0, done.log
    assert done.log == ""
    return parse_traffic(done.answer)


@pytest.mark.parametrize("line", [plain, as_json])
def test_requests_errors_and_latency_second_by_second(
    shell: Shell, tmp_path: Path, line: object
) -> None:
    assert callable(line)
    now = int(time.time())
    at, log = now - 10, tmp_path / "access.log"
    journal(tmp_path / "journal", at)
    quick = [line(at + 1, taken=0.010, zone=z) for z in (0, 2, -3)] * 6
    log.write_text(
        "no line of nginx\n"
        + line(at - 3600, status=500)
        + line(at - 31, status=500)
        + line(at - 30)
        + "".join(quick)
        + line(at + 1, status=502, taken=0.987)
        + line(at + 1, status=404, taken=0.987)
        + line(at + 2)[:40]  # cut off
    )
    state = read(shell, tmp_path, log)
    assert [(one.at, one.event) for one in state.switches] == [(at, "started"), (at, "finished")]
    assert (state.log, state.width, state.first) == ("read", 1, 0)
    assert [(row.at, row.requests, row.errors) for row in state.rows] == [
        (at - 30, 1, 0),
        (at + 1, 20, 1),
    ]
    assert (state.rows[1].median, state.rows[1].slow) == (10, 980)


def test_a_long_time_is_told_in_few_rows(shell: Shell, tmp_path: Path) -> None:
    now = int(time.time())
    log = tmp_path / "access.log"
    journal(tmp_path / "journal", now - 1000)
    log.write_text("".join(plain(now - 1000 + second) for second in range(1000)))
    state = read(shell, tmp_path, log)
    assert state.width == 5
    assert sum(row.requests for row in state.rows) == 1000
    assert len(state.rows) <= 241


def test_of_a_long_log_only_the_end_is_read_and_that_is_told(shell: Shell, tmp_path: Path) -> None:
    now = int(time.time())
    log = tmp_path / "access.log"
    journal(tmp_path / "journal", now - 10)
    with log.open("w") as file:
        file.write(plain(now - 20) * 60_000)  # 17 MB
        file.write(plain(now - 5) * 10)
    state = read(shell, tmp_path, log)
    assert state.first == now - 20
    assert state.rows[-1] == Row(now - 5, 10, 0, 12, 12)
    assert 0 < state.rows[0].requests < 60_000


def test_a_run_that_switched_nothing_reads_nothing(shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(plain(SWITCH))
    assert read(shell, tmp_path, log) == TrafficState()
    journal(tmp_path / "journal", SWITCH, events=())
    assert read(shell, tmp_path, log) == TrafficState()


def test_a_log_that_is_not_there_is_told(shell: Shell, tmp_path: Path) -> None:
    journal(tmp_path / "journal", SWITCH, events=("started", "finished", "undone"))
    state = read(shell, tmp_path, tmp_path / "access.log")
    assert (state.log, state.rows) == ("missing", ())
    assert [one.event for one in state.switches] == ["started", "finished", "undone"]
