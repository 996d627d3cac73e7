"""Where secrets come from, and what is said when they do not come; never a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.inventory import SecretSource
from deploy.secrets import read_secrets
from deploy.shell import Secret


def read(source: SecretSource) -> str:
    secret = read_secrets({"TOKEN": source})["TOKEN"]
    assert isinstance(secret, Secret)
    return secret.value


def test_each_source_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_bytes(b"a\r\nb \n\n")
    monkeypatch.setenv("MINE", "from here")
    assert read(SecretSource(file=str(tmp_path / "token"))) == "a\r\nb \n"
    assert read(SecretSource(env="MINE")) == "from here"
    assert read(SecretSource(command=f"cat '{tmp_path}/token'")) == "a\r\nb \n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SecretSource(env="NOT_THERE"), "the environment variable NOT_THERE is not set"),
        (SecretSource(file="/not/there"), "/not/there: No such file or directory"),
        (SecretSource(command="/not/there --at all"), "/not/there --at all: "),
        (SecretSource(command="sh -c 'echo locked >&2; exit 3'"), "ended with 3: locked"),
    ],
)
def test_a_secret_that_does_not_come_is_named(source: SecretSource, words: str) -> None:
    with pytest.raises(DeployError) as caught:
        read(source)
    assert words in caught.value.message
    assert caught.value.message.startswith("secret TOKEN: ")
    assert caught.value.exit_code == ExitCode.USAGE
