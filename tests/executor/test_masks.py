"""Secrets of several lines: no line of one shows, whatever a host says and by whatever way."""

from __future__ import annotations

import pytest

from deploy.executor.fleet import Fleet
from deploy.executor.runner import Runner
from deploy.executor.stage import masks
from deploy.plan import Context, Step
from deploy.shell import Secret, call
from tests.executor.conftest import NONCE, Recorder
from tests.executor.test_runner import build, plan, stage

LINES = ("MIIEpAIBAAKCAQEA7bq", "q1VhN0sX9c2LrPfWmTz", "Zg==")
KEY = "\r\n".join(("-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----"))


def words(*steps: Step, fleet: Fleet, recorder: Recorder) -> str:
    """All that is reported of a run that knows the key."""
    context = Context(environment={"KEY": Secret("KEY", KEY)})
    result = Runner(fleet, recorder, NONCE).carry_out(
        plan(stage("prepare", {"web1": steps}, context=context))
    )
    assert result.failures
    return repr([event.to_json() for event in recorder])


def test_one_line_of_a_secret_of_several_is_masked_in_what_a_command_prints(
    fleet: Fleet, recorder: Recorder
) -> None:
    leak = build('printf "%s\\n" "$KEY" | while read -r one; do echo "it is $one"; done; exit 1')
    said = words(leak, fleet=fleet, recorder=recorder)
    assert said.count("it is «KEY»") == 2 * len(LINES)  # as a log line, and in the failure's tail
    assert not [line for line in LINES if line in said]
    assert "it is -----BEGIN PRIVATE KEY-----" in said


@pytest.mark.parametrize(
    "words_of", [("note", "{}"), ("warn", "{}"), ("value", "key", "{}"), ("refuse", "{}", "do {}")]
)
def test_one_line_of_a_secret_of_several_is_masked_in_every_report(
    fleet: Fleet, recorder: Recorder, words_of: tuple[str, ...]
) -> None:
    told = Step("told", "told", call(*(one.format(LINES[0]) for one in words_of)))
    said = words(told, build("exit 1"), fleet=fleet, recorder=recorder)
    assert "«KEY»" in said
    assert not [line for line in LINES if line in said]


def test_lines_that_would_be_found_everywhere_are_not_masked() -> None:
    assert masks({"A": "one\n{\n  a: b\n}\n"}) == {"one\n{\n  a: b\n}\n": "«A»"}


def test_what_begins_another_secret_does_not_uncover_its_rest() -> None:
    text = "long-secret-and-more"
    for secret, mask in masks({"A": "long-secret", "B": f"{text}\nelse"}).items():
        text = text.replace(secret, mask)
    assert text == "«B»"
