"""inventory/topology.yml: every program of every host is accepted by the real program."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.inventory import load_environment
from deploy.inventory.models import Environment
from deploy.inventory.programs import target_names
from deploy.render.local import check_locally
from deploy.render.programs import RenderedProgram, Secrets, render_programs
from deploy.render.sandbox import make_certificate
from deploy.shell import Argument
from deploy.steps.register import register_for
from tests.render_targets.conftest import ROOT, UNPACKED
from tests.render_targets.test_rsyslog import rsyslogd
from tests.render_targets.test_syslog_ng import LIBRARIES, syslog_ng

NOT_IN_IT = {"nginx_site", "nginx_balancer"}
"""Instead of haproxy, and of nginx."""


@pytest.fixture
def topology(box: Path) -> Environment:
    """The environment, with a certificate that is there, and programs that are unpacked only."""
    make_certificate(box)
    pem = box / "chat.pem"
    pem.write_text("".join(file.read_text() for file in sorted(box.glob("*.pem"))))
    inventory = box / "inventory"
    inventory.mkdir()
    shutil.copy(ROOT / "inventory/defaults.yml", inventory)
    written = yaml.safe_load((ROOT / "inventory/topology.yml").read_text("utf-8"))
    written["roles"]["balancer"]["haproxy"]["tls"]["certificate"] = str(pem)
    written["user"] = pwd.getpwuid(os.getuid()).pw_name  # logrotate asks whether it is there
    checks = {
        "syslog_ng": [*syslog_ng("--syntax-only", "-f"), "{check.conf}"],
        "rsyslog": [*rsyslogd("-N1", "-f"), "{actionhero.conf}"],
    }
    for role in written["roles"].values():
        for name in set(role.get("programs", {})) & set(checks):
            role["programs"][name]["check"] = " ".join(str(word) for word in checks[name])
    (inventory / "topology.yml").write_text(yaml.safe_dump(written), "utf-8")
    return load_environment("topology", inventory)


def programs_of(environment: Environment) -> dict[str, tuple[RenderedProgram, ...]]:
    """By host."""
    return {
        name: render_programs(
            environment, host, Secrets(host.settings.secrets, "s3cr3t of {}".format), project=ROOT
        )
        for name, host in environment.hosts.items()
    }


def test_every_program_accepts_its_files(
    topology: Environment, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = [LIBRARIES["LD_LIBRARY_PATH"], str(UNPACKED / "usr/lib/x86_64-linux-gnu")]
    monkeypatch.setenv("LD_LIBRARY_PATH", ":".join(libraries))
    reports = [
        (host, report)
        for host, programs in programs_of(topology).items()
        for report in check_locally(programs, box / host)
    ]
    assert [(host, report) for host, report in reports if report.findings or report.missing] == []
    assert len(reports) > 15


def test_it_has_every_target(topology: Environment) -> None:
    found = {one.name for programs in programs_of(topology).values() for one in programs}
    assert set(target_names()) - found == NOT_IN_IT


def test_a_deploys_decision_is_taken_where_the_tasks_are(topology: Environment) -> None:
    values: dict[str, Argument] = {"REDIS_PASSWORD": "s3cr3t"}
    for name in ("web1", "web2", "jobs1"):
        place = json.loads(register_for(topology, topology.hosts[name], values).value)
        assert [one["host"] for one in place["sentinels"]] == [
            topology.hosts[guard].address for guard in ("redis1", "redis2", "jobs1")
        ]
        assert place["password"] == "s3cr3t"  # noqa: S105


def test_each_host_has_what_its_roles_say(topology: Environment) -> None:
    named = {host: [p.name for p in every] for host, every in programs_of(topology).items()}
    assert named["lb1"] == ["haproxy"]
    assert set(named["web1"]) == {"logrotate", "nginx", "monit", "syslog_ng"}
    assert set(named["jobs1"]) == {"logrotate", "init", "syslog_ng", "sentinel"}
    assert set(named["redis2"]) == {"redis_server", "rsyslog", "sentinel"}


@pytest.mark.parametrize(
    ("host", "name", "missing"),
    [("lb1", "haproxy", "/etc/haproxy/chat.pem"), ("web1", "logrotate", "user 'nobody-here'")],
)
def test_what_only_a_host_has_is_not_checked_here_and_a_fault_is_told_all_the_same(
    tmp_path: Path, host: str, name: str, missing: str
) -> None:
    """Found: a certificate and a user of the hosts were faults, and haproxy's had no words."""
    shutil.copy(ROOT / "inventory/defaults.yml", tmp_path)
    text = (ROOT / "inventory/topology.yml").read_text("utf-8")
    (tmp_path / "topology.yml").write_text(text.replace("user: deploy", "user: nobody-here"))
    environment = load_environment("topology", tmp_path)
    (one,) = render_programs(
        *(environment, environment.hosts[host], Secrets({}, str)),
        project=ROOT,
        wanted=lambda program, _: program == name,
    )
    (report,) = check_locally([one], tmp_path)
    assert (report.missing, report.findings) == (missing, ())
    (report,) = check_locally([spoilt(one)], tmp_path)
    assert "nonsense" in "\n".join(report.findings)


def spoilt(one: RenderedProgram) -> RenderedProgram:
    """Its first file has a line more that means nothing."""
    first, *others = one.files
    return replace(one, files=(replace(first, text=f"{first.text}nonsense here\n"), *others))
