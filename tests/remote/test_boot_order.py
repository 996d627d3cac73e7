"""What starts at boot, at every moment of a switch: systemd's own links, which it changes offline.

No manager runs the processes here: only which of them are enabled is looked at (rule 11).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.processes import wait_until
from tests.remote.fleet import DRAIN, Host
from tests.remote.harness import Shell, step

TEMPLATE = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=default.target\n"


@pytest.fixture
def serving(dash: Shell, tmp_path: Path) -> Iterator[Host]:
    """Release 1 is confirmed, and starts at boot; release 2 is there."""
    offline = {"SYSTEMD_OFFLINE": "1", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    host = Host(replace(dash, environment=dash.environment | offline), tmp_path / "a b")
    try:
        host.make("r1")
        assert (done := host.go_live("run1", "r1")).code == 0, done.log
        assert host.run("r1", step("confirm_switch", "run1", DRAIN)).code == 0
        host.make("r2")
        described = host.root / "releases/r1/.deploy/described"
        described.write_text(described.read_text().replace("=detached", "=systemd_user"))
        enable(host, "r1")
        yield host
    finally:
        host.end()


def enable(host: Host, name: str) -> None:
    """Its first process starts at boot."""
    link(host, name).parent.mkdir(parents=True)
    template = link(host, name).parents[1] / link(host, name).name.replace("@0", "@")
    template.write_text(TEMPLATE)
    link(host, name).symlink_to(template)


def link(host: Host, name: str) -> Path:
    """What systemd reads at boot."""
    command = ["systemd-escape", "--path", str(host.root / "releases" / name)]
    escaped = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    wants = host.root.parent / "config/systemd/user/default.target.wants"
    return wants / f"actionhero-{escaped}@0.service"


def test_what_is_stopped_for_another_still_starts_at_boot(serving: Host) -> None:
    """Found: after a power cut in that moment, a host without redis started nothing."""
    assert serving.go_live_first("run2", "r2").code == 0
    done = serving.run("r2", step("stop_confirmed", "run2", DRAIN, ""))
    assert done.code == 0, done.log
    assert serving.running("r1") == []
    assert link(serving, "r1").is_symlink()


def test_what_is_drained_after_the_switch_starts_at_boot_no_more(serving: Host) -> None:
    """Found: after a power cut in that moment, old code started beside the new, for good."""
    serving.linger = 60
    socket = serving.upgrade()
    assert serving.go_live("run2", "r2").code == 0
    stage = serving.start("r2", step("confirm_switch", "run2", 1))
    wait_until(lambda: serving.record("confirmed")["release"] == "r2", "the confirmation")
    wait_until(lambda: not link(serving, "r1").is_symlink(), "the link's end")
    assert len(serving.running("r1")) == 2
    socket.close()
    stage.communicate(timeout=30)
    assert serving.running("r1") == []
