"""`status --watch` on a terminal: drawn in place, and what it showed last stays behind."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from deploy.app import Flags
from deploy.app.watching import status, watch
from deploy.checks.status import FleetView
from deploy.errors import DeployError, ExitCode, Terminated
from deploy.reports.status_live import LivePage
from tests.status.scenes import scene

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"


def test_each_look_is_drawn_over_the_one_before_and_the_last_one_stays() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    with LivePage(5, console) as page:
        page.show(scene("all_well"))
        page.show(scene("dead_worker"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    in_place, left = text.split(BACK)
    assert in_place.startswith(ALTERNATE)
    assert "all well" in in_place
    assert in_place.index("dead_worker") < in_place.rindex("disk free"), "first what stands out"
    assert "dead_worker" in left
    assert "all well" not in left
    assert "every 5 s" not in left


@pytest.mark.parametrize(
    ("signal", "code"),
    [(KeyboardInterrupt, ExitCode.INTERRUPTED), (Terminated, ExitCode.TERMINATED)],
)
def test_it_ends_by_a_signal_with_its_code_and_without_a_word(
    signal: type[KeyboardInterrupt], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = iter([scene("all_well"), scene("locked")])

    def look() -> FleetView:
        for view in looks:
            return view
        raise signal

    assert watch(look, 0, "terminal") == code
    said = capsys.readouterr()
    assert said.out.count("✓ all well") == 2
    assert said.err == ""


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(DeployError, match=r"^--interval 0") as refused:
        status(True, 0, Flags("no-such-environment"))
    assert refused.value.exit_code == ExitCode.USAGE
