"""logrotate accepts what is rendered, and no log goes on in the rotated file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.inventory.models import Environment
from tests.lab.processes import wait_until
from tests.ports import free_port
from tests.render_targets.backends import get
from tests.render_targets.conftest import Start, make_environment, program, run, wait_for_port
from tests.render_targets.rendering import put, rendered


def made(box: Path, knobs: dict[str, Any], **host: Any) -> Environment:
    (box / "app/shared/log").mkdir(parents=True, exist_ok=True)
    logs = {"access_log": str(box / "access.log"), "error_log": str(box / "error.log")}
    web1 = {
        "roles": ["server"],
        "user": "root",
        "path": str(box / "app"),
        "nginx": {**logs, "pid": str(box / "nginx.pid")},
        "programs": {"logrotate": {}},
        "logrotate": {"nginx_owner": "root root", **knobs},
    }
    return make_environment(box, {"web1": {**web1, **host}})


def rotate(box: Path, environment: Environment) -> str:
    """Rotate at once; what logrotate has against the file."""
    file = put(rendered(environment, "web1", "logrotate"), box)["actionhero"]
    file.chmod(0o644)
    done = run(program("logrotate"), "--force", "--state", box / "state", file)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"frequency": "weekly", "max_size": None, "compress": False, "nginx": False},
        {"frequency": "hourly", "max_size": "500k", "keep": 3},
        {"max_size": "2g"},
    ],
)
def test_logrotate_accepts_every_knob(box: Path, knobs: dict[str, Any]) -> None:
    file = put(rendered(made(box, knobs), "web1", "logrotate"), box)["actionhero"]
    done = run(program("logrotate"), "--debug", "--state", box / "state", file)
    assert done.returncode == 0
    assert "error" not in done.stdout.replace("error.log", ""), done.stdout
    assert "unknown" not in done.stdout


def test_a_process_that_keeps_its_log_open_writes_on_in_the_cut_one(box: Path) -> None:
    environment = made(box, {})
    log = box / "app/shared/log/actionhero-worker-1.log"
    with log.open("a") as held:
        held.write("before\n")
        held.flush()
        assert rotate(box, environment) == ""
        held.write("after\n")
    assert log.read_text() == "after\n"
    assert log.with_name(f"{log.name}.1").read_text() == "before\n"


def test_nginx_writes_on_in_a_new_file(box: Path, start: Start) -> None:
    port = free_port()
    (box / "nginx.conf").write_text(
        f"user root; pid {box}/nginx.pid; error_log {box}/error.log; events {{}} "
        f"http {{ access_log {box}/access.log; server {{ listen 127.0.0.1:{port}; "
        "location / { return 200; } } }"
    )
    process = start(program("nginx"), "-c", box / "nginx.conf", "-g", "daemon off;", name="nginx")
    wait_for_port(port, process)
    get(port, "/before")
    rotate(box, made(box, {}))

    def is_new() -> bool:
        get(port, "/after")
        return "/after" in (box / "access.log").read_text()

    wait_until(is_new, "the new file")
    assert "/before" not in (box / "access.log").read_text()
    assert "/before" in (box / "access.log.1").read_text()


def test_what_debian_rotates_is_left_to_it(box: Path) -> None:
    environment = made(box, {}, nginx={})
    assert "nginx" not in rendered(environment, "web1", "logrotate")["actionhero"]


def test_the_owner_has_to_be_known(box: Path) -> None:
    with pytest.raises(DeployError, match="the owner of the app's logs is not known"):
        rendered(made(box, {}, user=None), "web1", "logrotate")


def test_the_check_says_what_logrotate_does_not_accept(box: Path) -> None:
    files = put(rendered(made(box, {}), "web1", "logrotate"), box)
    assert run("sh", files["check"], files["actionhero"]).stdout == ""
    file = files["actionhero"]
    file.write_text(file.read_text().replace("    missingok", "    missingokay"))
    done = run("sh", files["check"], file)
    assert (done.returncode, "unknown option 'missingokay'" in done.stdout) == (1, True)
    assert f"{file}:" in done.stdout
