"""The inventories that come with the project, with what only their hosts have replaced:
certificates, the user, and programs that are unpacked only on this machine.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Any

import yaml

from deploy.inventory import load_environment
from deploy.inventory.models import Environment
from deploy.render.programs import RenderedProgram, Secrets, render_programs
from deploy.render.sandbox import make_certificate
from tests.render_targets.conftest import ROOT
from tests.render_targets.test_rsyslog import rsyslogd
from tests.render_targets.test_syslog_ng import syslog_ng

CHECKS = {
    "syslog_ng": [*syslog_ng("--syntax-only", "-f"), "{check.conf}"],
    "rsyslog": [*rsyslogd("-N1", "-f"), "{actionhero.conf}"],
}
"""What stands for /usr/sbin/…, since Debian's two packages do not stand beside each other."""


def written(name: str) -> dict[str, Any]:
    """What the file of that environment says."""
    found: dict[str, Any] = yaml.safe_load((ROOT / f"inventory/{name}.yml").read_text("utf-8"))
    return found


def loaded(name: str, inventory: dict[str, Any], box: Path) -> Environment:
    """The environment of that name, with this in its file, over the project's defaults."""
    directory = box / "inventory"
    directory.mkdir(exist_ok=True)
    shutil.copy(ROOT / "inventory/defaults.yml", directory)
    (directory / f"{name}.yml").write_text(yaml.safe_dump(inventory, sort_keys=False), "utf-8")
    return load_environment(name, directory)


def example(name: str, box: Path) -> Environment:
    """As it is written; every program of it can be asked for its word on this machine."""
    make_certificate(box)
    pem = box / "chat.pem"
    pem.write_text("".join(file.read_text() for file in sorted(box.glob("*.pem"))))
    inventory = written(name)
    inventory["roles"]["balancer"]["haproxy"]["tls"]["certificate"] = str(pem)
    inventory["user"] = pwd.getpwuid(os.getuid()).pw_name  # logrotate asks whether it is there
    for role in inventory["roles"].values():
        for program in set(role.get("programs", {})) & set(CHECKS):
            words = [str(word) for word in CHECKS[program]]
            role["programs"][program]["check"] = " ".join(words)
    return loaded(name, inventory, box)


def programs_of(environment: Environment) -> dict[str, tuple[RenderedProgram, ...]]:
    """By host."""
    return {
        name: render_programs(
            environment, host, Secrets(host.settings.secrets, "s3cr3t of {}".format), project=ROOT
        )
        for name, host in environment.hosts.items()
    }
