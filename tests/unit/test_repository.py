"""The controller's view of a repository, with real git repositories and real faults."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.repository import Repository, default_cache


def git(where: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=deploy", "-c", "user.email=deploy@localhost"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(where: Path, name: str, text: str) -> str:
    (where / name).write_text(text)
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", f"write {name}")
    return git(where, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = tmp_path / "an 'origin'"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "uploadpack.allowFilter", "true")
    commit(path, "package.json", "{}")
    return path


@pytest.fixture
def repository(origin: Path, tmp_path: Path) -> Repository:
    return Repository(str(origin), tmp_path / "cache")


def test_a_branch_a_tag_and_a_commit_are_the_same_commit(
    origin: Path, repository: Repository
) -> None:
    head = git(origin, "rev-parse", "HEAD")
    git(origin, "tag", "light")
    git(origin, "tag", "-a", "-m", "x", "heavy")
    git(origin, "branch", "$(reboot)")
    refs = ["main", "refs/heads/main", "light", "heavy", "$(reboot)", head, head.upper()]
    assert {repository.resolve(ref) for ref in refs} == {head}


def test_a_branch_and_a_tag_of_one_name_must_be_told_apart(
    origin: Path, repository: Repository
) -> None:
    git(origin, "tag", "both")
    git(origin, "checkout", "-q", "-b", "both")
    commit(origin, "x", "1")
    with pytest.raises(DeployError, match="both is a branch and a tag") as caught:
        repository.resolve("both")
    assert caught.value.exit_code == ExitCode.USAGE
    assert "refs/heads/both or refs/tags/both" in caught.value.hint


def test_an_unknown_name_gets_the_nearest_ones(repository: Repository) -> None:
    with pytest.raises(DeployError, match="has no branch or tag mian") as caught:
        repository.resolve("mian")
    assert "there is: main" in caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "ref", ["--upload-pack=touch x", "-x", "", "a b", "a..b", "main~1", "a\nb"]
)
def test_what_is_no_name_never_reaches_git(repository: Repository, ref: str) -> None:
    with pytest.raises(DeployError, match="cannot be the name"):
        repository.resolve(ref)


def test_a_short_commit_is_looked_up_in_the_cache_only(
    origin: Path, repository: Repository
) -> None:
    head = git(origin, "rev-parse", "HEAD")
    with pytest.raises(DeployError, match="no branch or tag"):
        repository.resolve(head[:10])
    repository.read(head, "package.json")
    assert repository.resolve(head[:10]) == head


def test_a_commit_that_was_not_pushed_is_unknown(repository: Repository) -> None:
    with pytest.raises(DeployError) as caught:
        repository.resolve("12345678" * 5)
    assert "12345678" * 5 in " ".join([caught.value.message, *caught.value.details])


def test_files_are_read_at_a_commit(origin: Path, repository: Repository) -> None:
    old = git(origin, "rev-parse", "HEAD")
    new = commit(origin, "a *'\n", "ä\n")
    assert repository.read(new, "a *'\n") == "ä\n"
    assert repository.read(old, "a *'\n") is None
    assert repository.read(old, "package.json") == "{}"


def test_files_are_found_in_the_order_asked_for(origin: Path, repository: Repository) -> None:
    commit(origin, "b", "2")
    (origin / "src").mkdir()
    commit(origin, "src/a", "1")
    new = commit(origin, "a*", "1")
    found = repository.find(new, "src", "b", "a*", "a")
    blobs = {name: git(origin, "rev-parse", f"{new}:{name}") for name in ("b", "a*")}
    assert list(found.items()) == list(blobs.items())


def test_a_directory_is_no_file(origin: Path, repository: Repository) -> None:
    (origin / "src").mkdir()
    new = commit(origin, "src/x", "1")
    assert repository.read(new, "src") is None
    assert repository.read(new, "src/x") == "1"


def test_a_known_commit_needs_no_network(origin: Path, repository: Repository) -> None:
    head = git(origin, "rev-parse", "HEAD")
    repository.read(head, "package.json")
    origin.rename(origin.with_name("away"))
    assert repository.read(head, "package.json") == "{}"


def test_commits_between_two_are_listed_newest_first(origin: Path, repository: Repository) -> None:
    old = git(origin, "rev-parse", "HEAD")
    one, two = commit(origin, "a", "1"), commit(origin, "b", "2")
    found = repository.commits(old, two)
    assert [(c.sha, c.author, c.subject) for c in found] == [
        (two, "deploy", "write b"),
        (one, "deploy", "write a"),
    ]
    assert found[0].date.count("T") == 1
    assert repository.commits(two, two) == ()


def test_contains_tells_forward_from_back(origin: Path, repository: Repository) -> None:
    old = git(origin, "rev-parse", "HEAD")
    new = commit(origin, "a", "1")
    assert repository.contains(old, new)
    assert repository.contains(new, new)
    assert not repository.contains(new, old)


def test_what_git_said_is_told_without_the_password(tmp_path: Path) -> None:
    repository = Repository("http://me:hush@127.0.0.1:1/x.git", tmp_path)
    with pytest.raises(DeployError) as caught:
        repository.resolve("main")
    told = "".join([caught.value.message, caught.value.hint, *caught.value.details])
    assert "hush" not in told
    assert "http://***@127.0.0.1:1/x.git" in told
    assert caught.value.hint


def test_processes_that_share_the_cache_wait_for_each_other(
    origin: Path, repository: Repository
) -> None:
    for n in range(5):
        commit(origin, f"file{n}", "x")
    head = git(origin, "rev-parse", "HEAD")
    program = (
        "import sys; from pathlib import Path; from deploy.repository import Repository; "
        "print(Repository(sys.argv[1], Path(sys.argv[2])).read(sys.argv[3], 'file4'))"
    )
    command = [sys.executable, "-c", program, repository.url, str(repository.cache), head]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60) for process in running] == [("x\n", "")] * 4
    (mirror,) = (path for path in repository.cache.iterdir() if path.is_dir())
    assert git(mirror, "fsck", "--no-dangling", "--connectivity-only") == ""


def test_the_cache_stands_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "actionhero-deploy/repositories"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path(os.environ["HOME"]) / ".cache/actionhero-deploy/repositories"
