"""The commits that a line of the history names, from a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.app.recording import commit_record, commits_between


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with 22 commits, and a mirror of its own for the controller."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tree = tmp_path / "origin"
    subprocess.run(["git", "init", "-q", "-b", "main", str(tree)], check=True)
    for number in range(22):
        git(tree, "commit", "-q", "--allow-empty", "-m", f"change {number} " + "x" * 200)
    return tree


def git(tree: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=deploy", "-c", "user.email=deploy@localhost"]
    command = ["git", "-C", str(tree), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def environment(tree: Path) -> Any:
    return SimpleNamespace(
        app=SimpleNamespace(repository=str(tree)), ssh=SimpleNamespace(config="~/.ssh/config")
    )


def test_commits_are_counted_and_the_newest_twenty_named(origin: Path) -> None:
    first, last = (
        git(origin, "rev-list", "--max-parents=0", "HEAD"),
        git(origin, "rev-parse", "HEAD"),
    )
    record = commit_record(commits_between(environment(origin), first, last))
    assert record["commits"] == 21
    assert len(record["subjects"]) == 20
    assert record["subjects"][0].startswith("change 21 ")
    assert {len(subject) for subject in record["subjects"]} == {120}


def test_what_goes_back_is_told_as_taken_back(origin: Path) -> None:
    before, last = git(origin, "rev-parse", "HEAD~2"), git(origin, "rev-parse", "HEAD")
    record = commit_record(commits_between(environment(origin), last, before))
    assert record["taken_back"] == 2
    assert "commits" not in record


def test_what_the_repository_has_lost_is_left_out(origin: Path) -> None:
    last = git(origin, "rev-parse", "HEAD")
    assert commit_record(commits_between(environment(origin), "1" * 40, last)) == {}
    assert commit_record(commits_between(environment(origin), "", last)) == {}
