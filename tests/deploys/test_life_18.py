"""The main job on ActionHero 18: USR2 to a cluster master on Node 12."""

from __future__ import annotations

import json

import pytest
from websockets.sync.client import connect

from tests.deploys.harness import Controller
from tests.deploys.life import try_a_revision_under_load, try_reload_scale_stop_and_start
from tests.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(live18: Controller) -> Lab:
    """ActionHero 18, in place on every host."""
    return live18.lab


def test_a_revision_under_load_and_then_nothing_to_do(lab: Lab) -> None:
    try_a_revision_under_load(lab)


def test_reload_scale_stop_and_start(lab: Lab) -> None:
    try_reload_scale_stop_and_start(lab)


def test_primus_keeps_the_forwarded_address(lab: Lab) -> None:
    """A WebSocket through nginx: the app knows the client's address, not the unix socket's."""
    address, port = lab.web_address("web1")
    with connect(f"ws://{address}:{port}/primus", open_timeout=10) as client:
        client.send(json.dumps({"event": "detailsView", "messageId": 1}))
        while (answer := json.loads(client.recv(timeout=10))).get("context") != "response":
            pass
    assert answer["data"]["remoteIP"] == "127.0.0.1"
