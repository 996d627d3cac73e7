"""The recorded situations as the fleets that they are.

`python -m tests.status.scenes` draws their golden pages anew.
"""

from __future__ import annotations

import io
import json
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from deploy.checks.status import Drift, FleetView, Seen, Silent, read_host
from deploy.checks.status.rules import judge_fleet
from deploy.facts import Answer
from deploy.inventory import Environment, Host, load_environment
from deploy.reports.status import status_page

RECORDED = Path(__file__).with_name("recorded")
GOLDEN = Path(__file__).with_name("golden")
AT = datetime(2026, 11, 29, 3, 0, tzinfo=timezone.utc)
INVENTORY: dict[str, Any] = {
    "app": {"name": "chat", "repository": "git@git.example.com:chat.git", "path": "/srv/app"},
    "strategy": "in_place",
    "ssh": {"config": "/dev/null"},
    "roles": {"server": {}, "worker": {"serves": False}},
    "hosts": {
        "web1": {"path": "/srv/web1/app", "roles": ["server"]},
        "web2": {"path": "/srv/web2/app", "roles": ["server"]},
        "jobs1": {"path": "/srv/jobs1/app", "roles": ["worker"]},
    },
}
SAID: dict[str, dict[str, Any]] = {"disk_full": {"status": {"disk_free": 60}}}
"""What the inventory says beside, in a situation."""
NAMES = sorted(path.stem for path in RECORDED.glob("*.json"))


def recorded(name: str) -> dict[str, Any]:
    """By host, what it said; who was not concerned says what it does when all is well."""
    base: dict[str, Any] = json.loads((RECORDED / "all_well.json").read_text("utf-8"))
    own: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    return {**base, **own}


def environment_of(name: str) -> Environment:
    """The inventory, as it is in that situation."""
    with tempfile.TemporaryDirectory() as directory:
        text = yaml.safe_dump({**INVENTORY, **SAID.get(name, {})}, sort_keys=False)
        Path(directory, "production.yml").write_text(text)
        return load_environment("production", Path(directory))


def scene(name: str) -> FleetView:
    """The fleet, read by the real parsers."""
    return fleet_of(environment_of(name), recorded(name))


def fleet_of(environment: Environment, said: dict[str, Any]) -> FleetView:
    """The fleet of which hosts said that."""
    hosts = environment.hosts.values()
    return FleetView(environment, tuple(_host(host, said[host.name]) for host in hosts))


def _host(host: Host, said: dict[str, Any]) -> Seen | Silent:
    if "error" in said:
        return Silent(host, said["error"], said["hint"])
    files = tuple((path, what) for path, what in said["drift"])
    answers = {fact: Answer(text, 0) for fact, text in said["answers"].items()}
    return read_host(host, answers, Drift(files=files, is_asked=said["asked"]))


def drawn(view: FleetView, width: int, urgent: str = "") -> str:
    """The page without its colours."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    console.print(status_page(view, judge_fleet(view), moment(view), width, urgent=urgent))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def moment(view: FleetView) -> datetime:
    """When the last of its hosts answered."""
    return datetime.fromtimestamp(max(one.look.time for one in view.seen), timezone.utc)


def golden(view: FleetView) -> str:
    """The page of a terminal of 80 columns, and of one of 160."""
    return "\n".join(f"── {width} columns\n{drawn(view, width)}" for width in (80, 160))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in NAMES:
        (GOLDEN / f"{each}.txt").write_text(golden(scene(each)), encoding="utf-8")
