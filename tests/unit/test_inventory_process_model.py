"""Versions read from lockfiles as npm writes them, and what follows from a version."""

from __future__ import annotations

import json

import pytest

from deploy.errors import DeployError
from deploy.inventory.process_model import (
    major_from_lockfile,
    node_pairing,
    process_model,
    version_from_lockfile,
)

GIT = "git+ssh://git@example.com/actionhero.git#abc"


@pytest.mark.parametrize(
    ("major", "expected"),
    [
        (9, "startCluster"),
        (14, "startCluster"),
        (15, "start cluster"),
        (21, "start cluster"),
        (22, "processes"),
        (29, "processes"),
    ],
)
def test_the_process_model_of_a_major(major: int, expected: str) -> None:
    assert process_model(major) == expected


@pytest.mark.parametrize(
    ("lock", "version", "major"),
    [
        (
            {"lockfileVersion": 1, "dependencies": {"actionhero": {"version": "14.0.12"}}},
            "14.0.12",
            14,
        ),
        (
            {
                "lockfileVersion": 2,
                "packages": {"": {}, "node_modules/actionhero": {"version": "18.1.4"}},
                "dependencies": {"actionhero": {"version": "18.1.4"}},
            },
            "18.1.4",
            18,
        ),
        (
            {"lockfileVersion": 3, "packages": {"node_modules/actionhero": {"version": "29.3.5"}}},
            "29.3.5",
            29,
        ),
        (
            {
                "lockfileVersion": 3,
                "packages": {
                    "node_modules/actionhero": {"resolved": "lib/actionhero", "link": True},
                    "lib/actionhero": {"version": "30.0.0-rc1"},
                },
            },
            "30.0.0-rc1",
            30,
        ),
        (
            {
                "lockfileVersion": 3,
                "packages": {"node_modules/x/node_modules/actionhero": {"version": "1.2.3"}},
            },
            None,
            None,
        ),
        ({"lockfileVersion": 1, "dependencies": {"actionhero": {"version": GIT}}}, None, None),
        ({"lockfileVersion": 1, "dependencies": {"actionhero": "18"}}, None, None),
        ({"packages": [], "dependencies": None}, None, None),
        ({}, None, None),
    ],
    ids=["v1", "v2", "v3", "linked", "nested only", "git", "odd", "odder", "empty"],
)
def test_the_locked_version(lock: object, version: str | None, major: int | None) -> None:
    text = json.dumps(lock)
    assert version_from_lockfile(text) == version
    assert major_from_lockfile(text) == major


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{\n  "a": 1\n<<<<<<< HEAD\n',
            "the app's lockfile is not JSON as npm writes it: "
            "line 3 column 1: Expecting ',' delimiter",
        ),
        ("[]", "the app's lockfile is not JSON as npm writes it: not an object"),
        ("", "the app's lockfile is not JSON as npm writes it: line 1 column 1: Expecting value"),
    ],
    ids=["merge conflict", "list", "empty"],
)
def test_a_lockfile_that_is_none(text: str, message: str) -> None:
    with pytest.raises(DeployError) as caught:
        version_from_lockfile(text)
    assert caught.value.message == message
    assert "npm install --package-lock-only" in caught.value.hint


PIDFILE = "Node 14 and newer refuse the number that it writes to its pidfile; use Node 12"


@pytest.mark.parametrize(
    ("actionhero", "node", "reason"),
    [
        ("14.0.12", "v8.17.0", None),
        ("14.0.12", "20.11.1", "it does not boot on Node 20; use Node 8"),
        ("17.1.3", "v14.0.0", PIDFILE),
        ("17.1.3", "v12.22.12", None),
        ("18.1.4", "v12.22.12", None),
        ("18.1.4", "v20.11.1", PIDFILE),
        ("18.1.4", "v6.17.1", "its package.json asks for Node 8 or newer"),
        ("21.0.0", "v20.11.1", None),
        ("29.3.5", "v20.11.1", None),
        ("29.3.5", "v8.17.0", "its package.json asks for Node 12 or newer"),
        ("unknown", "v20.11.1", None),
        ("29.3.5", "", None),
    ],
)
def test_which_node_runs_which_actionhero(actionhero: str, node: str, reason: str | None) -> None:
    assert node_pairing(actionhero, node) == reason
