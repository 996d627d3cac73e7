"""Fixtures of the verbs' tests: each shell in turn, and a git that reads no one's configuration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.remote.harness import SHELLS, Shell, make_shell
from tests.remote.repositories import App, Tree, make_origin

_GIT = """
[user]
    name = deploy
    email = deploy@localhost
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a login on a host, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(_GIT)
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "npm_config_cache": str(home / "npm"),
        "npm_config_update_notifier": "false",
    }


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Shell:
    """Each shell that hosts have; one test run for each."""
    return make_shell(request.param, tmp_path / "shell", environment)


@pytest.fixture
def origin(tmp_path: Path, environment: dict[str, str]) -> Tree:
    """A repository with one commit, in a directory that needs quoting."""
    origin = make_origin(tmp_path / "the $(reboot) 'origin'", environment)
    origin.commit({"server.js": "one\n", ".gitignore": "node_modules\n/dist\n/log\n/pids\n"})
    return origin


@pytest.fixture
def app(tmp_path: Path, shell: Shell, origin: Tree, environment: dict[str, str]) -> App:
    """An app that was never deployed, in a directory that needs quoting."""
    return App(shell, Tree(tmp_path / "apps" / 'a "b" c', environment), origin)
