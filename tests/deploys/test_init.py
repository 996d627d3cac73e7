"""`invoke init` against a host where the app is deployed in place: nothing is left to deploy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.deploys.harness import Controller, Running, Said
from tests.deploys.zygote import Spawned
from tests.lab import Lab
from tests.lab.site import REDIS_PORT

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(live18: Controller) -> Lab:
    """ActionHero 18, in place; at the newest commit, whatever an earlier file left."""
    assert (said := live18.run("deploy", "--limit", "web1")).code == 0, said.text
    return live18.lab


def run(lab: Lab, directory: Path, *words: str) -> Said:
    """A command line of somebody who has no inventory yet."""
    own = {"DEPLOY_INVENTORY": str(directory / "inventory"), "DEPLOY_RUNS": str(directory / "runs")}
    token = lab.site.server_token.read_text().strip()
    return Running(
        Spawned(words, {**os.environ, **lab.environment, **own, "SERVER_TOKEN": token})
    ).finish()


def test_what_init_writes_leaves_a_deploy_nothing_to_do(lab: Lab, tmp_path: Path) -> None:
    words = ("init", "--env", "found", "--host", "web1", "--ssh-config", str(lab.site.ssh_config))
    said = run(lab, tmp_path, *words)
    assert said.code == 2, said.text
    assert "say which: --path DIRECTORY" in said.text, "all hosts of the lab are one machine"
    path = str(lab.app_path("web1"))
    said = run(lab, tmp_path, *words, "--path", path)
    assert said.code == 0, said.text
    assert "check: nothing speaks against a deploy" in said.text
    data = yaml.safe_load((tmp_path / "inventory/found.yml").read_text())
    assert data["app"]["repository"] == lab.site.repository
    assert data["app"]["path"] == path
    assert (data["strategy"], data["workers"], data["listen"]) == ("in_place", 2, "socket")
    assert data["node_bin"] == f"{lab.site.node}/bin"
    assert data["hosts"]["web1"]["nginx"]["listen"] == ":".join(map(str, lab.web_address("web1")))
    redis = {"REDIS_HOST": lab.site.address("redis"), "REDIS_PORT": str(REDIS_PORT)}
    assert data["env"] == {"NODE_ENV": "production", **redis}
    assert data["secrets"] == {"SERVER_TOKEN": {"env": "SERVER_TOKEN"}}
    again = run(lab, tmp_path, *words, "--path", path)
    assert again.code == 2
    assert "is there already" in again.text
    planned = run(lab, tmp_path, "deploy", "--env", "found", "--dry-run")
    assert planned.code == 0, planned.text
    assert "nothing to do" in planned.text


def test_a_host_key_that_nobody_knows_is_refused(lab: Lab, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    text = lab.site.ssh_config.read_text().splitlines()
    kept = [line for line in text if "KnownHosts" not in line and "HostKey" not in line]
    config.write_text("\n".join([*kept, f"UserKnownHostsFile {tmp_path}/none"]))
    said = run(
        lab, tmp_path, "init", "--env", "found", "--host", "web1", "--ssh-config", str(config)
    )
    assert said.code == 1, said.text
    assert "host key" in said.text
    assert not (tmp_path / "inventory/found.yml").exists()
