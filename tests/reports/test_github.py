"""A run in a job of GitHub: groups, annotations, the summary; and what cannot steer it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from deploy import events
from deploy.app import Flags
from deploy.app.masking import tell_runner
from deploy.reports.github import Github
from deploy.reports.workflow import Defused, command
from deploy.shell import Argument, Secret
from tests.reports.runs import TAIL, Timed, large

HOSTS = ("web1", "web2", "web3")
EVIL = "::add-mask::x\n  ::error::forged ##[set-output name=a]b"


def drawn(run: list[Timed], summary: Path | None = None, page: str = "") -> list[str]:
    """The lines that the runner reads."""
    stream = io.StringIO()
    environment = {"GITHUB_STEP_SUMMARY": str(summary)} if summary else {}
    report = Github(stream, Path(".deploy/runs"), environment, page)
    for _, event in run:
        report.take(event)
    report.close()
    return stream.getvalue().splitlines()


def commands(lines: list[str], name: str) -> list[str]:
    return [line for line in lines if line.startswith((f"::{name}::", f"::{name} "))]


def failing(*failures: events.HostFailed) -> list[Timed]:
    run: list[events.Event] = [
        events.RunStarted("r1", "deploy", "production", HOSTS, "3f2a9c1d" * 5),
        events.StageStarted("prepare", 1, 1, HOSTS),
        *failures,
        events.StageFinished("prepare", 1, tuple(one.host for one in failures)),
        events.Warned("web2", "room", "8 % of the disk | is free"),
        events.RunFinished(
            "r1", 1, "failed: the old code serves", 3.0, dict.fromkeys(HOSTS, "old")
        ),
    ]
    return [(float(at), event) for at, event in enumerate(run)]


def test_the_annotation_names_host_and_step_and_holds_the_last_lines() -> None:
    lines = drawn(large())
    (error,) = commands(lines, "error")
    why = "worker 3 ended while it started"
    text = "%0A".join((why, *TAIL, "→ mend it, then deploy again"))
    assert error == f"::error title=boot_release on web27::{text}"
    assert lines.index(error) > lines.index("::endgroup::")


def test_each_batch_is_a_group_and_no_failure_is_hidden_in_one() -> None:
    lines = drawn(large())
    groups = commands(lines, "group")
    assert groups[2].startswith("::group::activate (batch 2 of 5): web2, web3,")
    assert groups[-1].startswith("::group::go back: web1,")
    depth = 0
    for line in lines:
        depth += line.startswith("::group::") - line.startswith("::endgroup::")
        assert depth in (0, 1)
        assert not (depth and ("✗ boot_release: worker" in line or "::error" in line))
    assert depth == 0


def test_the_same_on_many_hosts_is_one_annotation_more() -> None:
    """GitHub shows ten of a step, and leaves out the rest."""
    lines = drawn(failing(*(events.HostFailed(host, "package", "no package") for host in HOSTS)))
    assert commands(lines, "error") == [
        "::error title=package on web1::no package",
        "::error title=package on web2%2C web3::no package",
    ]
    assert commands(lines, "warning") == [
        "::warning title=room on web2::8 %25 of the disk | is free"
    ]


def test_what_a_host_prints_is_never_a_command() -> None:
    log = events.StepLogged("", "run", EVIL.split("\n")[0])
    run = failing(events.HostFailed("web1", "run_build_1", EVIL, "", tuple(EVIL.split("\n"))))
    ended = events.RunFinished("r1", 1, EVIL, 1.0)
    lines = drawn([*run[:2], (1.5, log), *run[2:-1], (9.0, ended)])
    known = re.compile(r"\s*::(group|endgroup|error title|warning title)")
    assert [one for one in lines if one.strip().startswith("::") and not known.match(one)] == []
    assert not any("##[" in line for line in lines if not line.startswith("::error"))
    (error,) = commands(lines, "error")
    assert error.endswith("%0A::add-mask::x%0A  ::error::forged ##[set-output name=a]b")


def test_text_becomes_no_command_and_commands_are_one_line() -> None:
    stream = io.StringIO()
    Defused(stream).write("a ::b::\n::c::d\n  ::e::\n##[f]g ##[h]\n")
    assert stream.getvalue() == "a ::b::\n: :c::d\n  : :e::\n# #[f]g # #[h]\n"
    assert command("error", "a%\nb", title="c: d, e") == "::error title=c%3A d%2C e::a%25%0Ab"


def test_the_summary_has_a_row_a_host_and_the_paths_of_page_and_record(tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    tail = ("<script>alert(1)</script>", "| a | b |")
    drawn(
        failing(events.HostFailed("web2", "run_build_1", "ended | with\n`3`", "mend it", tail)),
        page,
        "build/deploy.html",
    )
    assert page.read_text() == SUMMARY


SUMMARY = """\
before
## ❌ deploy 3f2a9c1d3f to production
failed: the old code serves · 3.0 s · exit code 1

| host | state | failed step | why |
|---|---|---|---|
| web1 | old |  |  |
| web2 | old | run&#95;build&#95;1 | ended &#124; with &#96;3&#96; |
| web3 | old |  |  |

<details open><summary>The last lines of run&#95;build&#95;1 on web2</summary>

<pre>&lt;script&gt;alert(1)&lt;/script&gt;&#10;| a | b |</pre>
</details>

**run&#95;build&#95;1 on web2**: mend it

- ⚠ web2: 8 % of the disk &#124; is free

The run as a page: `build/deploy.html`

Every event: `.deploy/runs/r1.jsonl` (`invoke replay --run r1`)

"""
SECRETS: dict[str, Argument] = {
    "TOKEN": Secret("TOKEN", "a secret % of sorts"),
    "KEY": Secret("KEY", "-----BEGIN KEY-----\nline one\nline two\n-----END KEY-----"),
    "SHORT": Secret("SHORT", "no"),
}


def test_the_runner_is_told_each_secret_and_each_line_of_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_runner(SECRETS, Flags("production", output="github"), {"GITHUB_ACTIONS": "true"})
    said = capsys.readouterr()
    assert said.out == ""  # what is piped into a file holds no secret
    key = "-----BEGIN KEY-----%0Aline one%0Aline two%0A-----END KEY-----"
    wanted = ("a secret %25 of sorts", "line one", "line two", key)
    assert set(said.err.splitlines()) == {f"::add-mask::{text}" for text in wanted}


@pytest.mark.parametrize(
    ("output", "variables"), [("github", {}), ("terminal", {"GITHUB_ACTIONS": "true"})]
)
def test_nobody_else_is_told_a_secret(
    output: str, variables: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    tell_runner(SECRETS, Flags("production", output=output), variables)
    assert capsys.readouterr() == ("", "")
