"""A `configure` that is interrupted, loses a connection or is killed, while a host reloads."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from tests.deploys.zygote import Spawned
from tests.remote.configured import NGINX, Fleet, Said


@pytest.fixture
def held(configured: Fleet) -> Iterator[Spawned]:
    """A run whose first reload of web1 takes its time, there where it is busy."""
    busy = configured.host("web1") / "busy"
    program = configured.inventory["hosts"]["web1"]["programs"]["site"]
    program["reload"] = (
        f"[ -e {busy} ] || {{ touch {busy}; sleep 8; }}; {NGINX} -s reload -c {{site.conf}}"
    )
    configured.set(word="two")
    run = configured.start("configure")
    while not busy.exists():
        assert run.poll() is None
        time.sleep(0.02)
    assert "two" in configured.file("web1", "server.conf").read_text()
    yield run
    run.kill()


def test_an_interrupt_puts_the_old_files_back(configured: Fleet, held: Spawned) -> None:
    held.send_signal(signal.SIGINT)
    text, _ = held.communicate(timeout=60)
    assert held.returncode == 130, text
    assert Said(130, text).events("run_finished")[-1]["hosts"] == {"web1": "old", "web2": "old"}
    configured.set(word="one")
    assert configured.run("drift").code == 0
    assert configured.comes_to("one")


def test_a_connection_that_is_cut_is_made_again_for_the_way_back(
    configured: Fleet, held: Spawned
) -> None:
    """Only then: what the host does meanwhile goes on, and is waited for."""
    configured.servers["web1"].kill_connections()
    text, _ = held.communicate(timeout=100)
    assert held.returncode == 1, text
    assert Said(1, text).events("run_finished")[-1]["hosts"] == {"web1": "old", "web2": "old"}
    configured.set(word="one")
    assert configured.run("drift").code == 0
    assert configured.comes_to("one")


def test_a_run_that_is_killed_ends_on_the_host_before_the_next_one_looks(
    configured: Fleet, held: Spawned
) -> None:
    """Found so: the next one saw the new file, and the killed one then put the old one back."""
    held.kill()
    held.communicate()
    said = configured.run("configure", "--wait", "60s")
    assert said.code == 0, said.text
    assert said.events("run_finished")[-1]["hosts"] == {"web1": "unchanged", "web2": "done"}
    assert configured.comes_to("two")
    assert configured.run("configure").events("step_started") == []
