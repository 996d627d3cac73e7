"""What the app's repository tells of it, for an inventory that is still to be written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.app.target import LOCKFILES
from deploy.errors import DeployError, ExitCode
from deploy.inventory.process_model import version_from_lockfile
from deploy.repository import Repository
from deploy.repository.clone import find_origin, without_credentials

PACKAGE = "package.json"


@dataclass(frozen=True, slots=True)
class Source:
    """The app at the tip of a branch."""

    url: str
    """As hosts read it."""
    branch: str
    revision: str
    name: str
    actionhero: str
    """Version, or what package.json asks for; empty: neither says."""
    told_by: str
    """The file that says so."""
    has_lockfile: bool
    build: bool
    """package.json has a script of that name."""
    node: str
    """What package.json asks for under `engines`."""


def read_source(place: str, branch: str, ssh_config: str) -> Source:
    """Look into the repository at a URL, or of a clone on this machine. Raises DeployError."""
    local = Path(place).expanduser()
    url = _origin(local) if local.is_dir() else without_credentials(place)
    repository = Repository(
        str(local.resolve()) if local.is_dir() else place, ssh_config=ssh_config
    )
    branch = branch or repository.default_branch()
    revision = repository.resolve(branch)
    files = repository.find(revision, *LOCKFILES, PACKAGE)
    package = _read_json(repository.read(revision, PACKAGE) if PACKAGE in files else None)
    lockfile = next((name for name in LOCKFILES if name in files), "")
    locked = version_from_lockfile(repository.read(revision, lockfile) or "") if lockfile else None
    asked = _text(_object(package.get("dependencies")).get("actionhero"))
    return Source(
        url=url,
        branch=branch,
        revision=revision,
        name=app_name(_text(package.get("name")), url),
        actionhero=locked or asked,
        told_by=lockfile if locked else PACKAGE if asked else "",
        has_lockfile=bool(lockfile),
        build=bool(_object(package.get("scripts")).get("build")),
        node=_text(_object(package.get("engines")).get("node")),
    )


def _origin(clone: Path) -> str:
    url = find_origin(clone)
    if not url:
        raise DeployError(
            f"{clone} is no clone with an origin, and hosts have to read the repository, too",
            hint="git remote add origin URL, or give the URL: --repository URL",
            exit_code=ExitCode.USAGE,
        )
    return without_credentials(url)


def app_name(package: str, url: str) -> str:
    """A name of the inventory: the package's without its scope, else what the URL ends with."""
    wanted = package.rpartition("/")[2] or url.rstrip("/").removesuffix(".git")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", re.split("[/:]", wanted)[-1]).strip("-._")
    return name or "app"


def _read_json(text: str | None) -> dict[str, Any]:
    try:
        return _object(json.loads(text or "{}"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DeployError(
            f"package.json is not JSON: {error}", hint="mend it, commit it, push it"
        ) from None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
