"""Where secrets come from, and what is said when they do not come; never a value."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

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


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"env": "A", "file": "a"},
        {"file": "a", "key": "b"},
        {"age": "a"},
        {"file": "a", "identity": "b"},
        {"sops": "a", "key": "b'c"},
        {"sops": "a", "key": "b..c"},
    ],
)
def test_a_secret_has_one_source_and_what_belongs_to_it(source: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SecretSource(**source)


def test_words_of_a_file_that_is_no_text_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"s3cret\xff")
    for source in (
        SecretSource(file=f"{tmp_path}/token"),
        SecretSource(command=f"cat {tmp_path}/token"),
    ):
        with pytest.raises(DeployError, match="no text in UTF-8") as caught:
            read(source)
        assert "s3cret" not in repr(caught.value)


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, str]:
    """A private key of age's, and the public one."""
    path = tmp_path / "identity"
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True)
    return path, public.stdout.strip()


def test_age_decrypts_a_file(tmp_path: Path, identity: tuple[Path, str]) -> None:
    key, public = identity
    encrypted = tmp_path / "token.age"
    words = ["age", "--recipient", public, "--output", str(encrypted)]
    subprocess.run(words, input=b"from age\n", check=True)
    assert read(SecretSource(age=str(encrypted), identity=str(key))) == "from age"
    encrypted.write_bytes(b"nothing of age's")
    with pytest.raises(DeployError, match=r"age --decrypt .*token\.age ended with 1: age: error"):
        read(SecretSource(age=str(encrypted), identity=str(key)))


@pytest.mark.skipif(shutil.which("sops") is None, reason="sops is no package of Debian 12")
def test_sops_decrypts_one_value_of_a_file(
    tmp_path: Path, identity: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, public = identity
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(key))
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({"TOKEN": "a\nb", "redis": {"passwords": ["one", "two"]}}))
    encrypted = tmp_path / "secrets.json"
    with encrypted.open("w") as file:
        words = ["sops", "--encrypt", "--age", public, str(plain)]
        subprocess.run(words, stdout=file, check=True)
    assert "two" not in encrypted.read_text()
    assert read(SecretSource(sops=str(encrypted))) == "a\nb"
    assert read(SecretSource(sops=str(encrypted), key="redis.passwords.1")) == "two"
    with pytest.raises(DeployError, match=r"sops --decrypt .* ended with"):
        read(SecretSource(sops=str(encrypted), key="redis.user"))
