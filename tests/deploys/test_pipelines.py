"""The recipes of docs/ci, line by line, on a lab; each leaves what its CI reads.

GitHub's job fails on one host, GitLab's deploys, Jenkins' finds nothing to do.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from lxml import etree

from deploy.reports.reference import SCHEMA
from tests.conftest import new_lab
from tests.deploys.recipes import INSTALL, Job, checkout, github, gitlab, jenkins
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.reports.test_formats import XSD

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

FAILING = 'case $PWD in */web2/*) seq 30; echo "::error::the reason" >&2; exit 3 ;; esac'
TOKEN = "kN0wn-token-v4Lue %"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Place:
    """A lab, and a checkout from which jobs deploy to it."""

    lab: Lab
    job: Job
    inventory: dict[str, Any]

    def build(self, command: str) -> None:
        """Let every host build so from now on."""
        data = {**self.inventory}
        data["app"] = {**data["app"], "build": [{"run": command, "timeout": 60}]}
        file = self.job.checkout / "inventory" / "production.yml"
        file.write_text(yaml.safe_dump(data, sort_keys=False))

    def key(self, name: str) -> Path:
        """A file of the lab's keys: what a CI keeps as a secret."""
        return self.lab.site.keys / name

    def junit(self) -> Any:
        """The file that the job left, valid by the schema."""
        document = etree.parse(self.job.checkout / "build" / "deploy.xml")
        etree.XMLSchema(file=XSD).assertValid(document)
        return document

    def page(self) -> str:
        """The report that the job left."""
        return (self.job.checkout / "build" / "deploy.html").read_text("utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """The record of the last run, each line valid by the published schema."""
        record = max((self.job.checkout / ".deploy" / "runs").glob("*.jsonl"))
        lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
        check = Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
        for line in lines:
            check.validate(line)
        return lines


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Hosts that nobody deployed to yet, and a home without keys."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        lab.commit("a small app", FILES)
        directory = tmp_path_factory.mktemp("ci")
        home = directory / "home"
        home.mkdir()
        config = lab.site.ssh_config.read_text()
        config = config.replace(str(lab.site.keys / "login"), f"{home}/.ssh/id_ed25519")
        config = config.replace(str(lab.site.keys / "known_hosts"), f"{home}/.ssh/known_hosts")
        (directory / "ssh_config").write_text(config)
        data = yaml.safe_load((lab.site.inventory / "lab.yml").read_text())
        small(data)
        data["ssh"] = {"config": str(directory / "ssh_config")}
        data["secrets"] = {"SERVER_TOKEN": {"env": "SERVER_TOKEN"}}
        data["protected"] = True
        git = f"ssh -F {directory / 'ssh_config'}"
        job = Job(checkout(directory, data), home, {"GIT_SSH_COMMAND": git})
        yield Place(lab, job, data)


@pytest.fixture(scope="module")
def failed(place: Place) -> subprocess.CompletedProcess[str]:
    """GitHub's job, whose deploy fails on one host."""
    steps = github(
        {
            "secrets.DEPLOY_KEY": place.key("login").read_text().removesuffix("\n"),
            "vars.KNOWN_HOSTS": place.key("known_hosts").read_text().removesuffix("\n"),
            "secrets.SERVER_TOKEN": TOKEN,
            "inputs.environment": "production",
            "inputs.revision": "",
        }
    )
    assert [*steps] == ["install", "keys", "deploy"]
    assert steps["install"].lines == INSTALL
    place.build(FAILING)
    for name in ("install", "keys"):
        done = place.job.run(steps[name])
        assert done.returncode == 0, done.stdout + done.stderr
    place.job.add_program("invoke", "invoke.main")
    key = place.job.home / ".ssh" / "id_ed25519"
    assert key.stat().st_mode & 0o777 == 0o600
    summary = place.job.home / "summary.md"
    return place.job.run(steps["deploy"], GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))


def test_githubs_annotation_names_host_and_step(
    place: Place, failed: subprocess.CompletedProcess[str]
) -> None:
    assert failed.returncode == 1, failed.stdout + failed.stderr
    errors = [line for line in failed.stdout.splitlines() if line.startswith("::error")]
    assert len(errors) == 1
    title, text = errors[0].removeprefix("::error title=").split("::", 1)
    assert title == "run_build_1 on web2"
    said = text.split("%0A")
    assert "exit" in said[0] or "code 3" in said[0]
    assert said[1:-1] == [*map(str, range(12, 31)), "::error::the reason"]
    assert said[-1].startswith("→ ")
    summary = (place.job.home / "summary.md").read_text()
    assert "| web2 | old | run&#95;build&#95;1 |" in summary
    assert "The run as a page: `build/deploy.html`" in summary
    assert "Every event: `.deploy/runs/" in summary


def test_githubs_runner_is_told_the_secret_first_and_no_file_is(
    place: Place, failed: subprocess.CompletedProcess[str]
) -> None:
    assert failed.stderr.splitlines()[0] == "::add-mask::kN0wn-token-v4Lue %25"
    record = max((place.job.checkout / ".deploy" / "runs").glob("*.jsonl")).read_text()
    for text in (failed.stdout, record, (place.job.home / "summary.md").read_text(), place.page()):
        assert "kN0wn-token" not in text


def test_the_page_of_a_failed_run_is_left_where_its_summary_says(
    place: Place, failed: subprocess.CompletedProcess[str]
) -> None:
    assert failed.returncode == 1
    page = place.page()
    assert page.rstrip().endswith("</html>")
    assert page.index("What failed") < page.index("the reason") < page.index("Timeline")


def test_a_failed_run_as_junit_and_as_json_lines(
    place: Place, failed: subprocess.CompletedProcess[str]
) -> None:
    assert failed.returncode == 1
    document = place.junit()
    (case,) = document.findall("testsuite[@name='web2']/testcase[failure]")
    assert case.get("name").endswith(": run_build_1")
    assert "the reason" in case[0].text
    lines = place.lines()
    assert [e["host"] for e in lines if e["event"] == "host_failed"] == ["web2"]
    assert lines[-1]["event"] == "run_finished"


def test_gitlabs_job_deploys(place: Place, failed: subprocess.CompletedProcess[str]) -> None:
    """On a machine where GitHub's was: the same checkout, with its own home."""
    assert failed.returncode == 1
    place.build("true")
    steps = gitlab()
    install, *keys = steps["before_script"].lines.splitlines()
    assert install == INSTALL
    files = {"DEPLOY_KEY": str(place.key("login")), "KNOWN_HOSTS": str(place.key("known_hosts"))}
    steps["before_script"] = type(steps["script"])(steps["script"].shell, "\n".join(keys))
    for step in steps.values():
        done = place.job.run(step, SERVER_TOKEN=TOKEN, **files)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "is proved on 3 hosts" in done.stdout
    assert "\x1b" not in done.stdout
    assert place.lines()[-1]["exit_code"] == 0
    assert place.junit().getroot().get("failures") == "0"


def test_jenkins_finds_nothing_to_do(place: Place) -> None:
    place.build("true")
    install, keys, deploy = jenkins()
    assert install.lines == INSTALL
    for step in (keys, deploy):
        known = str(place.key("known_hosts"))
        done = place.job.run(step, SERVER_TOKEN=TOKEN, KNOWN_HOSTS=known)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to do" in done.stdout
    assert place.junit().getroot().get("failures") == "0"
    place.lines()
