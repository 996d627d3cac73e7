"""What root is given for `supervisor: systemd` is made here, and differs where apps do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.inventory.layout import layout_for
from deploy.render import render_units
from deploy.render.hardening import check_units
from deploy.render.units import escape_path
from tests.unit.test_render.conftest import make_environment


def units(path: str = "/srv/chat", systemctl: str = "/usr/bin/systemctl") -> dict[str, str]:
    """The files for an app there."""
    environment, host = make_environment(supervisor="systemd", path=path)
    return render_units(host, layout_for(environment, host), "deploy", systemctl)


def rules(files: dict[str, str]) -> list[str]:
    """What sudo is to let through."""
    return [line for line in files["sudoers"].splitlines() if "NOPASSWD" in line]


def test_every_rule_is_of_one_app_and_one_program() -> None:
    files = units()
    assert set(files) == {
        "actionhero-srv-chat@.service",
        "actionhero-srv-chat-watcher.service",
        "sudoers",
        "install.sh",
    }
    start = "deploy ALL=(root) NOPASSWD: /usr/bin/systemctl "
    assert len(rules(files)) == 18
    for rule in rules(files):
        assert rule.startswith(start)
        verb, unit = rule.removeprefix(start).split(" ")
        assert verb in ("start", "stop", "restart", "enable", "disable")
        assert unit.startswith(("actionhero-srv-chat@", "actionhero-srv-chat-watcher.service"))
    assert "User=deploy\n" in files["actionhero-srv-chat@.service"]


@pytest.mark.parametrize(
    "said", ["/srv/node/bin/systemctl", "ALL", "/usr/bin/systemctl\ndeploy ALL=(ALL) ALL", ""]
)
def test_a_host_does_not_say_what_root_runs(said: str) -> None:
    """Found: rules and install.sh were whatever the deploy user's account printed."""
    with pytest.raises(DeployError, match="systemctl is said to be"):
        units(systemctl=said)


def test_two_apps_have_two_files_of_rules() -> None:
    """Found: sudo reads no file with a dot in its name, and `.` and `_` became the same."""
    paths = ("/srv/a.b", "/srv/a_b", "/srv/a b", "/srv/a_x20b")
    installed = {units(path)["install.sh"].partition("/etc/sudoers.d/")[2] for path in paths}
    names = {text.partition("\n")[0] for text in installed}
    assert len(names) == len(paths)
    assert not any("." in name for name in names)


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        ("/srv/it's 100% a-chat", r"srv-it\x27s\x20100\x25\x20a\x2dchat"),
        ("/.a/.b", r"\x2ea-.b"),
        ("/srv/ä//x/", r"srv-\xc3\xa4-x"),
        ("/", "-"),
    ],
)
def test_a_path_is_escaped_as_systemd_does(path: str, escaped: str) -> None:
    """By `systemd-escape --path` of systemd 252."""
    assert escape_path(path) == escaped


@pytest.mark.parametrize("path", ["/srv/chat", "/home/deploy/chat", "/srv/it's a chat"])
def test_systemd_reads_the_units_and_finds_them_hardened(path: str, tmp_path: Path) -> None:
    """By the real systemd-analyze; before, the processes left 8.9 of 10 open."""
    report = check_units(units(path), tmp_path)
    assert (report.missing, report.findings) == ("", ())
    scores = dict(re.findall(r"(actionhero\S+) leaves ([\d.]+) of 10 open", report.note))
    processes, watcher = sorted(scores.items(), key=lambda one: float(one[1]))
    assert "@" in processes[0]
    assert float(processes[1]) < 6
    assert watcher[0].endswith("-watcher.service")
    assert list(tmp_path.iterdir()) == []


def test_a_unit_that_systemd_does_not_read_is_told(tmp_path: Path) -> None:
    broken = {
        name: text.replace("Restart=always", "Restart=sometimes") for name, text in units().items()
    }
    report = check_units(broken, tmp_path)
    assert any("sometimes" in finding for finding in report.findings), report
