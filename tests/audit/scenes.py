"""Scenes for the rules: what hosts and redis answered, recorded, read by the real parsers.

`base.json` is a production that is as it should be; a rule's own file changes it: `bad` so that the
rule has something to find, `good` so that it nearly had.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from deploy.app.auditing import read_scene
from deploy.app.queueing import Reached, find_places
from deploy.checks.audit import Scene
from deploy.facts import Answer
from deploy.inventory import load_environment

FIXTURES = Path(__file__).with_name("fixtures")
SECRETS = {"SERVER_TOKEN": "t0ken-t0ken", "REDIS_PASSWORD": "s3cret-word"}
Change = dict[str, Any]


def read(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))


def scene(directory: Path, changes: list[Change]) -> Scene:
    """The base with these changes."""
    recorded = deepcopy(read("base"))
    for change in changes:
        _apply(recorded, change)
    recorded["inventory"]["ssh"]["config"] = str(directory / "ssh_config")
    (directory / "test.yml").write_text(yaml.safe_dump(recorded["inventory"]))
    (directory / "ssh_config").write_text(recorded["ssh_config"])
    environment = load_environment("test", directory)
    hosts = [host for host in environment.hosts.values() if host.runs_app]
    with patch.dict(os.environ, SECRETS):
        places = find_places(environment, hosts)
    answers = {
        host.name: {fact: Answer(text, 0) for fact, text in recorded["answers"][host.name].items()}
        for host in hosts
    }
    for name, text in recorded["nginx"].items():
        if name in answers:
            own = recorded["answers"][name]["audit"] + f"nginx\t{_base64(text)}\n"
            answers[name]["audit"] = Answer(own, 0)
    answers["web1"]["queues"] = Answer(_base64(json.dumps(recorded["redis"])), 0)
    made, errors = read_scene(environment, Reached(places, ("web1",)), answers)
    assert errors == []
    return made


def _apply(recorded: Any, change: Change) -> None:
    ((kind, value),) = change.items()
    if kind == "answer":
        host, fact, old, new = value
        recorded["answers"][host][fact] = _replace(recorded["answers"][host][fact], old, new)
    elif kind == "nginx":
        host, old, new = value
        recorded["nginx"][host] = _replace(recorded["nginx"][host], old, new)
    elif kind == "nginx_text":
        recorded["nginx"]["web1"] = value
    elif kind == "info":
        server = recorded["redis"]["servers"][0]
        server["info"] = _replace(server["info"], *value)
    elif kind == "ssh_config":
        recorded[kind] = value
    else:
        _merge(recorded[kind], value)


def _replace(text: str, old: str, new: str) -> str:
    assert old in text, f"the base does not hold {old!r}"
    return text.replace(old, new)


def _merge(into: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            del into[key]
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
