"""logrotate's real rules as files that go live with the code, on every host of a lab."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from tests.deploys.harness import Controller
from tests.lab import Lab
from tests.lab.site import ROLES

CHECK = "/usr/sbin/logrotate --debug --state {app}/rules/state {{actionhero}}"
STEPS = {"stage_logrotate", "install_logrotate", "reload_logrotate", "prove_logrotate"}

NUMBERS = itertools.count(1)


def with_rules(controller: Controller, keep: int, **program: Any) -> Controller:
    """The fleet with these as files of the program: `keep` is what is in them."""

    def change(data: dict[str, Any]) -> None:
        for host in ROLES:
            app = controller.lab.app_path(host)
            data["hosts"][host]["programs"] = {
                "logrotate": {
                    "sudo": False,
                    "with_deploy": True,
                    "files": {
                        name: {"destination": f"{app}/rules/{name}"}
                        for name in ("actionhero", "check")
                    },
                    "check": CHECK.format(app=app),
                    "reload": f"cp {{actionhero}} {app}/rules/live",
                    "prove": f"cmp {{actionhero}} {app}/rules/live",
                    **program,
                }
            }
        data["logrotate"] = {"keep": keep, "user": data.get("user") or controller.lab.account.name}

    made = controller.with_change(change)
    made._directory = made._directory / str(next(NUMBERS))  # each has inventories of its own
    return made


def live(lab: Lab) -> set[str]:
    """What every host's logrotate keeps, by its file and by what took it up."""
    found = set()
    for host in ROLES:
        for name in ("actionhero", "live"):
            file: Path = lab.app_path(host) / "rules" / name
            text = file.read_text() if file.exists() else ""
            found.add(next((line for line in text.splitlines() if "rotate " in line), "").strip())
    return found


def make_places(lab: Lab) -> None:
    """A directory for them on each host."""
    for host in ROLES:
        directory = lab.app_path(host) / "rules"
        directory.mkdir(exist_ok=True)
        lab.account.own(directory)
