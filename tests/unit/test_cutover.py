"""The arithmetic behind `benchmarks.cutover`: what wrk says, when a host switched, what was lost.

The traffic itself is measured on the lab, by the benchmark.
"""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.accounting import (
    HEADINGS,
    Action,
    Answer,
    Cut,
    Round,
    Row,
    Switch,
    has_settled,
    in_flight,
    switch_of,
    text_table,
)
from benchmarks.by_hand import read_scripts
from benchmarks.in_flight import Stream
from benchmarks.wrk import Wrk, parse_outcomes
from tests.lab import Load
from tests.lab.processes import wait_until

ROLLING = [
    Answer(1.0, 11, "1"), Answer(1.1, 12, "1"), Answer(2.0, 11, "1"), Answer(2.5, 22, "2"),
    Answer(3.0, 11, "1"), Answer(4.0, 21, "2"), Answer(4.5, 22, "2"), Answer(5.0, 21, "2"),
]  # fmt: skip
"""12 is stopped after 1.1, 22 takes its place; then 11 after 3, and 21 comes."""


class Handler(BaseHTTPRequestHandler):
    """Answers 200 with a revision, 503 on /broken, nothing on /cut, and too late on /hang."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *words: object) -> None:
        del words

    def _answer(self) -> None:
        if self.path == "/cut":
            self.close_connection = True
            return
        if self.path == "/hang":
            self.server.ended.wait()  # type: ignore[attr-defined]
            return
        body = b'{"revision": "1", "pid": 7}'
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    connections = 0

    def __init__(self, *words: object) -> None:
        self.ended = threading.Event()
        super().__init__(*words)  # type: ignore[arg-type]

    def get_request(self) -> tuple[object, object]:  # type: ignore[override]
        self.connections += 1
        return super().get_request()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.ended.set()
    made.shutdown()
    thread.join()
    made.server_close()


def address(server: Server) -> tuple[str, int]:
    return "127.0.0.1", server.server_address[1]


def round_of(**values: object) -> Round:
    known: dict[str, object] = {
        "seconds": 2.0, "outcomes": Counter(), "actions": (), "sockets": 10, "cuts": ()
    }  # fmt: skip
    return Round(**{**known, **values})  # type: ignore[arg-type]


def test_wrk_counts_each_outcome_by_kind() -> None:
    said = "Running 900s test\noutcomes: 200=41 502=3 connect=0 read=2 write=0 timeout=1\n"
    assert parse_outcomes(said) == {"200": 41, "502": 3, "read": 2, "timeout": 1}


def test_wrk_that_counted_nothing_is_a_failure_with_its_words() -> None:
    with pytest.raises(RuntimeError, match="unable to connect"):
        parse_outcomes("unable to connect to 127.0.0.1:1 Connection refused\n")


@pytest.mark.parametrize(("path", "kind"), [("/", "200"), ("/broken", "503"), ("/cut", "read")])
def test_the_real_wrk_says_what_became_of_its_requests(
    server: Server, path: str, kind: str
) -> None:
    with Wrk("http://{}:{}{}".format(*address(server), path), connections=1, pause=1) as wrk:
        wait_until(lambda: server.connections > (2 if path == "/cut" else 0), "wrk's requests")
        with Load(address(server), "/", clients=1, requests=100) as load:
            load.wait(100)
    assert set(wrk.outcomes) == {kind}


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 30)])
def test_a_load_keeps_its_connection_or_opens_one_a_request(
    server: Server, keep_alive: bool, connections: int
) -> None:
    seen: list[int] = []
    with Load(
        address(server),
        "/",
        clients=1,
        requests=30,
        keep_alive=keep_alive,
        observe=lambda answer: seen.append(answer.json()["pid"]),
    ) as load:
        load.wait(30)
    assert (server.connections, load.outcomes, seen) == (connections, {"200": 30}, [7] * 30)


@pytest.mark.parametrize(
    ("path", "kind"), [("/cut", "RemoteDisconnected"), ("/hang", "TimeoutError")]
)
def test_a_kept_connection_that_failed_is_not_used_again(
    server: Server, path: str, kind: str
) -> None:
    with Load(address(server), path, clients=1, requests=3, timeout=0.2, keep_alive=True) as load:
        load.wait(3)
    assert (server.connections, load.outcomes) == (3, {kind: 3})


@pytest.mark.parametrize(("path", "outcome"), [("/", "200"), ("/cut", "RemoteDisconnected")])
def test_a_stream_accounts_for_each_request(server: Server, path: str, outcome: str) -> None:
    with Stream(address(server), path, "POST", interval=0.001) as stream:
        wait_until(lambda: len(stream.actions) >= 5, "five requests")
    assert len(stream.actions) == server.connections
    assert {(one.method, one.outcome) for one in stream.actions} == {("POST", outcome)}


def test_a_rolling_switch_lasts_from_the_first_silence_to_the_last_new_word() -> None:
    assert switch_of(ROLLING, "1") == Switch(1.1, 4.0)


def test_a_stop_and_start_lasts_as_long_as_nobody_answers() -> None:
    answers = [Answer(1.0, 11, "1"), Answer(1.1, 12, "1"), Answer(6.0, 21, "2")]
    assert switch_of(answers, "1") == Switch(1.0, 6.0)


def test_a_switch_at_once_has_no_length() -> None:
    """It begins with the last word of the old process that falls silent first."""
    answers = [Answer(1.0, 11, "1"), Answer(1.1, 12, "1"), Answer(1.05, 21, "2")]
    assert switch_of(answers, "1") == Switch(1.0, 1.05)


@pytest.mark.parametrize("revision", ["1", "2"])
def test_without_both_revisions_there_is_no_switch(revision: str) -> None:
    assert switch_of([Answer(1.0, 11, revision)], "1") is None


def test_in_flight_is_what_met_the_switch_and_whatever_was_lost() -> None:
    before, across, within, after, late = (
        Action("GET", began, began + 3, outcome)
        for began, outcome in [(0, "200"), (3, "200"), (5, "502"), (9.5, "200"), (20, "504")]
    )
    actions = (before, across, within, after, late)
    assert in_flight(actions, Switch(4, 9)) == (across, within, late)
    assert in_flight(actions, None) == actions


def test_a_host_has_settled_when_all_its_processes_answer_and_all_are_new() -> None:
    assert has_settled(ROLLING, "2", since=3.5, processes=2)
    assert not has_settled(ROLLING, "2", since=4.6, processes=2), "the other one may be booting"
    assert not has_settled(ROLLING, "2", since=3.0, processes=2), "an old one answered"


def test_a_row_adds_its_rounds_up() -> None:
    lost, kept = Action("GET", 0, 1, "502"), Action("GET", 0, 3, "200")
    posts = Action("POST", 0, 1, "RemoteDisconnected"), Action("POST", 0, 3, "200")
    one = round_of(
        seconds=1.0,
        outcomes=Counter({"200": 900, "502": 3}),
        actions=(lost, kept, *posts),
        cuts=(Cut(1006, 2.0, 0.5), Cut(1006, 4.0, 0.5), Cut(1001, 3.0, 0.5)),
    )
    other = round_of(seconds=3.0, outcomes=Counter({"200": 300, "502": 1, "read": 1}))
    assert dict(zip(HEADINGS, Row("notes", 18, [one, other]).cells(), strict=True)) == {
        "contestant": "notes",
        "app": "18",
        "deploys": "2",
        "s each": "2.0",
        "requests": "1,205",
        "failed, by kind": "502: 4, read: 1",
        "3 s GETs lost": "1 of 2 (502)",
        "3 s POSTs lost": "1 of 2 (RemoteDisconnected)",
        "WebSockets cut": "3 of 20 (1006, 1001)",
        "s after start": "2.0 to 4.0",
        "s after switch": "0.5",
    }


def test_a_row_says_which_round_failed_and_counts_it() -> None:
    row = Row("pm2", 29, [round_of(), round_of(fault="exit code 1\nno disk")])
    assert row.fault == "round 2: exit code 1\nno disk"
    assert Row("pm2", 29, [round_of()], broken="round 2: no wrk").fault == "round 2: no wrk"
    assert row.cells()[2] == "2, 1 failed"


def test_a_row_without_rounds_claims_nothing() -> None:
    assert set(Row("releases", 29).cells()[2:]) == {"-"}
    assert Row("releases", 29).fault == ""


def test_the_table_is_aligned() -> None:
    assert text_table(("a", "bb"), [("long", "1"), ("x", "")]) == "a     bb\nlong  1\nx"


def test_every_script_of_the_peers_is_shell() -> None:
    wanted = {
        "cluster": ("clone", "pull", "install", "start", "usr2", "pm2_start", "pm2_reload"),
        "processes": ("start", "stop"),
        "fork": ("pm2_start",),
    }
    for which, names in wanted.items():
        script = read_scripts(names, which)
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)
