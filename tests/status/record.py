"""Records what hosts answer in each situation: `python -m tests.status.record` makes them on a lab.

Names and paths of the machine that it ran on are replaced; only what a situation changed is kept.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from deploy.app.watching import Watcher
from deploy.inventory import load_environment
from deploy.session import Session
from tests.conftest import new_lab
from tests.deploys.harness import Change, Controller
from tests.deploys.situations import SITUATIONS, await_well, succeed
from tests.status.scenes import RECORDED

CONCERNED = {"host_down": ("web2",), "locked": ("web1", "web2", "jobs1")}
"""Whose answers are kept, where that is not web1."""


def main() -> None:
    """All situations, on a lab of their own."""
    with ExitStack() as stack:
        lab = new_lab(stack, 18)
        lab.up()
        home = stack.enter_context(tempfile.TemporaryDirectory())
        controller = Controller(lab, Path(home))
        succeed(controller, "deploy")
        for name, situation in SITUATIONS.items():
            with situation(controller) as change:
                found = clean(record(controller, change), lab.site.root)
            await_well(controller)
            if name != "all_well":
                found = {host: found[host] for host in CONCERNED.get(name, ("web1",))}
            text = json.dumps(found, indent=1, ensure_ascii=False)
            (RECORDED / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def record(controller: Controller, change: Change) -> dict[str, Any]:
    """By host: its answers and its drift, or its error."""
    variables = {**controller.lab.environment, **controller._environment(change)}
    os.environ.update(variables)
    environment = load_environment("lab", Path(variables["DEPLOY_INVENTORY"]))
    hosts = list(environment.hosts.values())
    with Session(environment, hosts, "status", "quiet") as session:
        watcher = Watcher(session, hosts)
        answers, errors = watcher.ask()
        found: dict[str, Any] = {
            name: {"error": error.message, "hint": error.hint} for name, error in errors.items()
        }
        for name, own in answers.items():
            drift = watcher.drifts.compare(environment.hosts[name], own)
            texts = {fact: answer.text for fact, answer in own.items() if fact != "config"}
            found[name] = {"answers": texts, "drift": list(drift.files), "asked": drift.is_asked}
    return found


def clean(found: dict[str, Any], root: Path) -> dict[str, Any]:
    """Nothing of this machine is in it, and its load is none."""
    text = json.dumps(found)
    for own, shown in ((str(root), "/srv"), (socket.gethostname(), "ci-4")):
        text = text.replace(own, shown)
    text = text.replace(f"who={getpass.getuser()}", "who=ann")
    text = text.replace(f'\\"who\\": \\"{getpass.getuser()}\\"', '\\"who\\": \\"ann\\"')
    text = re.sub(r"load\\t[0-9.]+\\t[0-9.]+\\t[0-9.]+", r"load\\t0.31\\t0.42\\t0.40", text)
    cleaned: dict[str, Any] = json.loads(text)
    return cleaned


if __name__ == "__main__":
    main()
