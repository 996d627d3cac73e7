"""Splunk and Elasticsearch are away for 30 s, while app and nginx go on writing: no line is lost.

It takes its time, and little of the processor's.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.render_targets.conftest import Start
from tests.render_targets.receivers import Receiver
from tests.render_targets.test_syslog_ng import Logger, made

SECONDS = 30


@pytest.fixture
def receivers() -> Iterator[dict[str, Receiver]]:
    """One that speaks each language."""
    found = {"splunk": Receiver().start(), "elasticsearch": Receiver().start()}
    yield found
    for one in found.values():
        one.stop()


@pytest.fixture
def logger(box: Path, start: Start, receivers: dict[str, Receiver]) -> Logger:
    """syslog-ng that sends each line to both."""
    urls = {name: f"http://127.0.0.1:{one.port}" for name, one in receivers.items()}
    splunk = {"url": urls["splunk"], "token_env": "LOG_TOKEN"}
    knobs = {"splunk": splunk, "elasticsearch": {"urls": [urls["elasticsearch"]]}}
    return Logger(box, start, made(box, knobs))


def lines(name: str, receiver: Receiver) -> Counter[str]:
    """What it has got, and how often."""
    key = "event" if name == "splunk" else "message"
    return Counter(one[key] for one in receiver.objects if key in one)


def test_no_line_is_lost_while_both_receivers_are_away_for_30_s(
    logger: Logger, receivers: dict[str, Receiver]
) -> None:
    logger.run()
    written = ["before"]
    logger.write("before")
    wait_until(lambda: all(lines(*one)["before"] for one in receivers.items()), "the first line")
    for one in receivers.values():
        one.stop()
    began = time.monotonic()
    for number in itertools.count():
        due = began + number
        wait_until(lambda due=due: time.monotonic() >= due, "a second", SECONDS)  # type: ignore[misc]
        if number >= SECONDS:
            break
        written += [f"app {number}", f"nginx {number}"]
        logger.write(written[-2])
        with logger.nginx_log.open("a") as log:
            log.write(f"{written[-1]}\n")
    assert {len(lines(*one)) for one in receivers.items()} == {1}  # they were away
    for one in receivers.values():
        one.start()
    wait_until(
        lambda: all(set(lines(*one)) >= set(written) for one in receivers.items()), "all", 60
    )
    for one in receivers.items():
        assert set(lines(*one)) == set(written)
