"""The app's git repository on the git host, and how it comes to a new revision.

Each revision has a number of its own in revision.txt, which the app's `revision` action answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.accounts import Account
from tests.lab.site import GIT, Site
from tests.lab.toolchain import APPS

_REVISION = "revision.txt"


@dataclass(frozen=True, slots=True)
class Repository:
    """The bare repository that is served, and the working tree that is pushed from."""

    site: Site
    account: Account

    @property
    def tree(self) -> Path:
        """The working tree, a developer's as it were."""
        return self.site.directory(GIT) / "tree"

    def create(self) -> None:
        """Both repositories, with the app's sources as their first commit."""
        shutil.copytree(APPS / str(self.site.app), self.tree)
        self.account.give_tree(self.tree)
        bare = self.site.bare
        self._git("init", "-q", "--bare", "--initial-branch=main", str(bare), at=bare.parent)
        self._git("config", "uploadpack.allowFilter", "true", at=bare)
        self._git("init", "-q", "--initial-branch=main")
        self._git("remote", "add", "origin", str(bare))
        self._record("the app")

    def commit(self, message: str, files: Mapping[str, str | None]) -> str:
        """Push a revision in which `files` have that text (None: are gone); returns its sha."""
        bumped = {_REVISION: f"{self._count() + 1}\n"}
        for name, text in (bumped | dict(files)).items():
            self._write(self.tree / name, text)
        return self._record(message)

    def show(self, revision: str, path: str) -> str:
        """A file's text at a revision."""
        return self._git("show", f"{revision}:{path}")

    def revision(self, name: str) -> str:
        """The full name of a commit."""
        return self._git("rev-parse", name).strip()

    def number(self, revision: str) -> str:
        """What the `revision` action answers where this revision is loaded."""
        return self.show(revision, _REVISION).strip()

    def _record(self, message: str) -> str:
        self._git("add", "--all")
        self._git("commit", "-q", "-m", message)
        self._git("push", "-q", "origin", "HEAD:main")
        return self.revision("HEAD")

    def _count(self) -> int:
        return int(self._git("rev-list", "--count", "HEAD"))

    def _write(self, path: Path, text: str | None) -> None:
        if text is None:
            path.unlink()
            return
        missing = [parent for parent in path.parents if not parent.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.account.give(path, *missing)

    def _git(self, *words: str, at: Path | None = None) -> str:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.site.home(GIT)),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "lab", f"GIT_{who}_EMAIL": "lab@localhost"}
        where = at or self.tree
        return self.account.run("git", *words, env=environment, cwd=where)
