"""Secrets of known values are put wherever one can go, and things fail while they are there; then
they are searched for: in all that was said and kept, in every command line, in every open file.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deploy.app.reporting import page
from deploy.reports.records import read_record
from tests.conftest import new_lab
from tests.deploys.harness import Controller, Said
from tests.deploys.small import FILES, small
from tests.lab import Lab
from tests.lab.daemons import ask_redis
from tests.lab.site import REDIS_PORT

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

KEY = ("-----BEGIN", "kN0wn-line-one-v4Lue", "kN0wn-line-two-v4Lue", "-----END")
VALUES = {
    "TOKEN": "kN0wn-token-v4Lue",
    "REDIS_PASSWORD": "kN0wn/redis+v4Lue",
    "PRIVATE_KEY": "\n".join(KEY),
}
TELL = 'printf "%s\\n" "$TOKEN" "$PRIVATE_KEY"; echo "$REDIS_PASSWORD $TOKEN" >&2'
HOOK = "kN0wn-notify-v4Lue"
KNOWN = (VALUES["TOKEN"], VALUES["REDIS_PASSWORD"], *KEY[1:3], HOOK)


def spellings(value: str) -> list[bytes]:
    """A value as it is, as part of a URL, and in base64."""
    return [value.encode(), quote(value, safe="").encode(), base64.b64encode(value.encode())]


NEEDLES = [spelled for value in KNOWN for spelled in spellings(value)]


def found_in(content: bytes) -> list[bytes]:
    return [needle for needle in NEEDLES if needle in content]


class CommandLines:
    """Every command line that /proc showed while it watched."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, bytes], None] = {}
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        looks: dict[str, int] = {}
        while not self._over.wait(0.05):
            pids = [name for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208
            looks = {pid: looks.get(pid, 0) + 1 for pid in pids}
            for pid in pids:
                if looks[pid] < 6:  # a process becomes another at exec, which is soon
                    self._look(pid)

    def _look(self, pid: str) -> None:
        try:
            self.seen[pid, Path(f"/proc/{pid}/cmdline").read_bytes()] = None
        except OSError:
            return


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A lab whose redis has a password, and a person who has secrets for everything."""
    with ExitStack() as stack:
        lab = new_lab(stack, 29, "releases")
        lab.up()
        ask_redis(lab.site, "redis", "CONFIG", "SET", "requirepass", VALUES["REDIS_PASSWORD"])
        lab.commit("a small app", FILES)
        directory = tmp_path_factory.mktemp("controller")
        sources = directory / "sources"
        sources.mkdir(mode=0o700)
        for name, value in VALUES.items():
            (sources / name).touch(mode=0o600)
            (sources / name).write_text(value)
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("MY_TOKEN", VALUES["TOKEN"])

        def change(data: dict[str, Any]) -> None:
            small(data)
            data["secrets"] |= {
                "TOKEN": {"env": "MY_TOKEN"},
                "REDIS_PASSWORD": {"file": str(sources / "REDIS_PASSWORD")},
                "PRIVATE_KEY": {"command": f"cat {sources}/PRIVATE_KEY"},
            }
            (sources / "HOOK").touch(mode=0o600)
            (sources / "HOOK").write_text(f"json://user:{HOOK}@127.0.0.1:1/")
            data["notify"] = [{"url": {"file": str(sources / "HOOK")}, "on": ["done", "failed"]}]
            data["hooks"] = {"before_activate": [{"run": TELL, "on": "each"}]}
            data["app"]["build"] = [{"run": TELL, "timeout": 60}]
            data["rollout"] = {"gate": {"seconds": 0, "command": TELL}}
            data["hosts"]["web1"] |= redis_on(lab, "web1")
            del data["hosts"]["web2"]  # as web1

        yield Controller(lab, directory, change)


def redis_on(lab: Lab, host: str) -> dict[str, Any]:
    """A redis server there: its files have the password, and its commands find it and tell it."""
    place = lab.host_root(host)
    files = {name: {"destination": f"{place}/{name}"} for name in ("redis.conf", "script")}
    program = {
        "sudo": False,
        "files": files,
        "check": f"/bin/sh {{script}} check {{redis.conf}} && cat {{redis.conf}}; {TELL}",
        "reload": f"cat {{redis.conf}} >&2; {TELL}",
        "prove": TELL,
        "pidfile": f"{place}/sshd.pid",  # what runs there
        "renews": "nothing",
    }
    knobs = {"password_env": "REDIS_PASSWORD", "directory": str(place), "port": REDIS_PORT + 1}
    return {"programs": {"redis_server": program}, "redis_server": knobs}


def failing(moment: str) -> Any:
    """An inventory in which what tells the secrets then fails."""

    def change(data: dict[str, Any]) -> None:
        failed = f"{TELL}; exit 3"
        if moment == "build":
            data["app"]["build"] = [{"run": failed, "timeout": 60}]
        elif moment == "hook":
            data["hooks"]["before_activate"][0]["run"] = failed
        elif moment == "command":
            data["secrets"]["NONE"] = {"command": "cat /not/there"}
        elif moment == "password":
            data["decision"]["password_env"] = "TOKEN"  # noqa: S105  # the wrong one
        else:
            program = data["hosts"]["web1"]["programs"]["redis_server"]
            program[moment] = failed
            program["prove_timeout"] = 1
            data["hosts"]["web1"]["redis_server"]["databases"] = 17  # something to install

    return change


def runs(fleet: Controller) -> Iterator[tuple[int, Said]]:
    """The exit code that is due, and the run."""

    def run(code: int, task: str, *flags: str, at: str = "", output: str = "json") -> Any:
        change = failing(at) if at else None
        return code, fleet.run(task, *flags, change=change, output=output)

    yield run(0, "configure", "--diff")
    yield run(1, "configure", "--diff", at="check", output="terminal")
    yield run(1, "configure", at="prove")
    yield run(1, "configure", at="reload", output="terminal")
    config = fleet.lab.host_root("web1") / "redis.conf"
    config.write_text(config.read_text() + "# by hand\n")
    yield run(1, "drift", output="terminal")
    yield run(0, "configure", "--diff", "--force")
    yield run(0, "deploy", output="terminal")
    fleet.lab.commit("the next one")
    yield run(0, "deploy", "--dry-run")
    yield run(1, "deploy", "--junit", str(fleet._directory / "junit.xml"), at="build")
    yield run(1, "deploy", at="hook", output="terminal")
    yield run(2, "deploy", at="command")
    yield run(1, "deploy", at="password")
    for task in ("history", "releases"):
        yield run(0, task)


def test_a_known_secret_is_found_nowhere(fleet: Controller) -> None:
    lines = CommandLines()
    with lines.watched():
        for number, (code, said) in enumerate(runs(fleet)):
            assert said.code == code, f"run {number}: {said.text}"
            assert not found_in(said.text.encode()), f"run {number}: {said.text}"
    assert len(lines.seen) > 100, "nothing was watched"
    shown = [line for _, line in lines.seen if found_in(line)]
    assert shown == []

    held = list(holding(fleet.lab.site.root))
    assert [path for path in held if path.stat().st_mode & 0o077] == []
    names = {path.name for path in held}
    assert {"env", "redis.conf", "script"} <= names, "where they have to be"
    assert list(holding(fleet._directory / "runs")) == []
    records = sorted((fleet._directory / "runs").iterdir())
    assert records, "the records were searched"
    junit = (fleet._directory / "junit.xml").read_text()
    assert "ended with code 3" in junit
    for text in (junit, *(page(read_record(one)) for one in records)):
        assert found_in(text.encode()) == []


def holding(top: Path) -> Iterator[Path]:
    """The files below that hold one of the values."""
    for path in top.rglob("*"):
        if path.is_file() and not path.is_symlink() and found_in(path.read_bytes()):
            yield path
