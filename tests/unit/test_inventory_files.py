"""Files that are no inventory, and environments that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.inventory import load_environment


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"- a\n", "1:1: the file is not a mapping of keys"),
        (b"a: 1\nb: \xff\n", "2:1: this line is not UTF-8"),
        (
            b"",
            "1:1: app: is missing: "
            "The application: where it comes from, where it lives, how it is made ready.",
        ),
        (
            b"a: 1\n---\nb: 2\n",
            "2:1: not YAML: expected a single document in the stream, but found another document",
        ),
    ],
    ids=["list", "latin-1", "empty", "two documents"],
)
def test_a_file_that_is_no_inventory(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "e.yml").write_bytes(content)
    with pytest.raises(DeployError) as caught:
        load_environment("e", tmp_path)
    assert caught.value.details[0] == f"{tmp_path}/e.yml:{expected}"


@pytest.mark.parametrize("name", ["prodction", "../secret", "defaults", ""])
def test_a_missing_environment_names_those_that_exist(tmp_path: Path, name: str) -> None:
    for file in ("production.yml", "staging.yml", "defaults.yml"):
        (tmp_path / file).write_text("", "utf-8")
    with pytest.raises(DeployError) as caught:
        load_environment(name, tmp_path)
    assert caught.value.hint == "there are: production, staging"
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_nearest_environment_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "production.yml").write_text("", "utf-8")
    with pytest.raises(
        DeployError, match=r"no environment 'prod' in .*; did you mean 'production'"
    ):
        load_environment("prod", tmp_path)


def test_a_missing_directory_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="there is no inventory directory"):
        load_environment("e", tmp_path / "nowhere")


def test_an_unreadable_file_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "e.yml").mkdir()
    with pytest.raises(DeployError) as caught:
        load_environment("e", tmp_path)
    assert caught.value.details == (f"{tmp_path}/e.yml:1:1: cannot be read: Is a directory",)
