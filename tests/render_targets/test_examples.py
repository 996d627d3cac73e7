"""inventory/production.yml and topology.yml: the real programs accept what each host gets.

That redis, its sentinels and ActionHero run with what production.yml renders: tests/lab.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.inventory import load_environment
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment
from deploy.inventory.programs import target_names
from deploy.render import Report, render_units
from deploy.render.hardening import check_units
from deploy.render.local import check_locally
from deploy.render.programs import RenderedProgram, Secrets, render_programs
from deploy.shell import Argument
from deploy.steps.register import register_for
from tests.render_targets.conftest import ROOT, UNPACKED, program, run
from tests.render_targets.examples import example, programs_of
from tests.render_targets.test_syslog_ng import LIBRARIES

NOT_IN_IT = {"nginx_site", "nginx_balancer"}
"""Of the topology: instead of haproxy, and of nginx."""
ASKED = [
    *("gixy", "haproxy", "init", "logrotate", "monit", "nginx -t", "redis_server"),
    *("rsyslog", "sentinel", "syslog_ng"),
]
"""Who is asked for a word: nginx and gixy for all that has an nginx.conf."""
EXAMPLES = pytest.mark.parametrize("name", ["production", "topology"])


@pytest.fixture
def topology(box: Path) -> Environment:
    return example("topology", box)


@pytest.fixture
def production(box: Path) -> Environment:
    return example("production", box)


@EXAMPLES
def test_every_program_accepts_its_files(
    name: str, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = [LIBRARIES["LD_LIBRARY_PATH"], str(UNPACKED / "usr/lib/x86_64-linux-gnu")]
    monkeypatch.setenv("LD_LIBRARY_PATH", ":".join(libraries))
    reports = [
        (host, report)
        for host, programs in without_twins(programs_of(example(name, box)))
        for report in check_locally(programs, box / host)
    ]
    assert [(host, report) for host, report in reports if is_doubtful(report)] == []
    assert sorted({report.tool for _, report in reports}) == ASKED
    assert len(reports) > 12


def is_doubtful(report: Report) -> bool:
    """The program says no, or was not asked."""
    return bool(report.findings or report.missing) or report.note == "it has no check"


def without_twins(
    programs: dict[str, tuple[RenderedProgram, ...]],
) -> Iterator[tuple[str, tuple[RenderedProgram, ...]]]:
    """What differs in more than the host's own name, which is asked once."""
    seen: set[tuple[str, ...]] = set()
    for host, every in programs.items():
        new = tuple(one for one in every if texts(one, host) not in seen)
        seen |= {texts(one, host) for one in new}
        yield host, new


def texts(one: RenderedProgram, host: str) -> tuple[str, ...]:
    return (one.name, *(file.text.replace(host, "HOST") for file in one.files))


def test_production_has_every_target(production: Environment) -> None:
    found = {one.name for programs in programs_of(production).values() for one in programs}
    assert found == set(target_names())


def test_its_scripts_are_clean_for_shellcheck_and_its_boot_script_for_each_shell(
    production: Environment, box: Path
) -> None:
    scripts: dict[str, Path] = {}
    for host, programs in programs_of(production).items():
        for one in programs:
            for file in one.files:
                if file.text.startswith("#!/bin/sh") and file.name not in scripts:
                    scripts[file.name] = box / f"{host}-{one.name}-{file.name}"
                    scripts[file.name].write_text(file.text)
    assert {"actionhero", "boot", "balancer", "script", "check"} <= set(scripts)
    assert run(program("shellcheck"), *scripts.values()).stdout == ""
    for shell in ("dash", "busybox sh"):
        assert run(*shell.split(), "-n", scripts["actionhero"]).stdout == ""


def test_systemd_reads_the_units_of_production(production: Environment, box: Path) -> None:
    web = production.hosts["web1"]
    units = render_units(web, layout_for(production, web), "deploy", "/usr/bin/systemctl")
    report = check_units(units, box)
    assert (report.missing, report.findings) == ("", ())
    assert report.note.count("of 10 open") == 2


def test_the_topology_has_every_target_but_what_stands_for_another(topology: Environment) -> None:
    found = {one.name for programs in programs_of(topology).values() for one in programs}
    assert set(target_names()) - found == NOT_IN_IT


@EXAMPLES
def test_a_deploys_decision_is_taken_where_the_tasks_are(name: str, box: Path) -> None:
    environment = example(name, box)
    values: dict[str, Argument] = {"REDIS_PASSWORD": "s3cr3t"}
    for host in ("web1", "web2", "jobs1"):
        place = json.loads(register_for(environment, environment.hosts[host], values).value)
        assert [one["host"] for one in place["sentinels"]] == [
            environment.hosts[guard].address for guard in ("redis1", "redis2", "jobs1")
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
