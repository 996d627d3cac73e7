"""What a clone on this machine, and a URL, say of where the app comes from."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.repository.command import run_git

_CREDENTIALS = re.compile(r"(https?://)[^/@\s]*@")


def find_origin(directory: Path) -> str:
    """The URL that a clone was made from; empty where it has none, or is no clone."""
    return run_git(["config", "--get", "remote.origin.url"], directory).output.strip()


def without_credentials(url: str) -> str:
    """`url` without a name and a password, which belong into no file of a repository."""
    return _CREDENTIALS.sub(r"\1", url)
