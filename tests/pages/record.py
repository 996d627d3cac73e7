"""Records two runs on a small lab, a good one and one that fails, for tests and pictures.

python -m tests.pages.record
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import new_lab
from tests.deploys.harness import Controller, Said
from tests.deploys.small import FILES, SERVER, small
from tests.lab import Lab
from tests.lab.site import ROLES

RECORDS = Path(__file__).with_name("records")
BROKEN = 'if (process.cwd().includes("/web2/")) throw new Error("no room for the mail queue");\n'


def main() -> None:
    """Write records/good.jsonl and records/failed.jsonl."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        for host in ROLES:
            lab.account.own(lab.host_root(host) / "rules")
        directory = Path(stack.enter_context(TemporaryDirectory()))
        controller = Controller(lab, directory, lambda data: _change(lab, data))
        lab.commit("A small app", FILES)
        _expect(0, controller.run("deploy"))
        for host in ("web1", "web2"):
            load = lab.load(host, "/api/status", clients=2, pause=0.02, seconds=300)
            stack.enter_context(load)
        for message in ("Answer in JSON", "Name the revision", "Keep rules for a week only"):
            lab.commit(message)
        time.sleep(15)  # traffic to compare with
        _keep(lab, "good", _expect(0, controller.run("deploy", change=_keep_a_week)))
        lab.commit("Send mail from a queue", {"dist/server.js": BROKEN + SERVER})
        _keep(lab, "failed", _expect(1, controller.run("deploy", change=_keep_a_week)))


def _change(lab: Lab, data: dict[str, Any]) -> None:
    small(data)
    data["rollout"] = {"batches": [1, "100%"], "gate": {"seconds": 4}, "pause": 2}
    data["logrotate"] = {"keep": 14, "user": lab.account.name}
    for host in ROLES:
        rules = lab.host_root(host) / "rules"
        files = {one: {"destination": f"{rules}/{one}"} for one in ("actionhero", "check")}
        data["hosts"][host]["programs"] = {
            "logrotate": {
                "sudo": False,
                "with_deploy": True,
                "files": files,
                "check": f"/usr/sbin/logrotate --debug --state {rules}/state {{actionhero}}",
                "reload": f"cp {{actionhero}} {rules}/live",
                "prove": f"cmp {{actionhero}} {rules}/live",
            }
        }


def _keep_a_week(data: dict[str, Any]) -> None:
    data["logrotate"]["keep"] = 7


def _expect(code: int, said: Said) -> Said:
    assert said.code == code, said.text
    return said


def _keep(lab: Lab, name: str, said: Said) -> None:
    """Without this machine's paths, addresses and names."""
    text = "".join(line + "\n" for line in said.lines if line.startswith("{"))
    changes = {
        str(lab.site.root): "/srv/lab",
        f"127.0.{lab.site.subnet}.": "10.0.1.",
        f'"user", "{lab.account.name}"': '"user", "deploy"',
        '"who": "root"': '"who": "deploy"',
    }
    for here, there in changes.items():
        text = text.replace(here, there)
    (RECORDS / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
