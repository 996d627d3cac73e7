"""The app's repository as the controller sees it: names become commits, commits become text.

`command` runs git; here no name is ever taken for an option.
"""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.repository.command import Said, next_action, run_git

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHORT = re.compile(r"[0-9a-f]{4,39}")
_NO_NAME = re.compile(r"^-|[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^$")
_CREDENTIALS = re.compile(r"://[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the app."""

    sha: str
    author: str
    date: str
    """Author date, ISO 8601 with zone."""
    subject: str


def default_cache() -> Path:
    """Where mirrors are kept: below $XDG_CACHE_HOME, else ~/.cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return base / "actionhero-deploy" / "repositories"


@dataclass(frozen=True, slots=True)
class Repository:
    """A git URL and a directory for its mirror; two processes may share the directory."""

    url: str
    cache: Path = field(default_factory=default_cache)
    ssh_config: str = ""
    """OpenSSH client configuration to read the URL with, where nothing else names a command."""
    _whole: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """Commits that were seen in the mirror: each look is a process."""

    def resolve(self, ref: str) -> str:
        """The full commit that a branch, a tag or a (full or known short) commit names.

        Raises DeployError (USAGE) when nothing or more than one thing has that name.
        """
        if _NO_NAME.search(ref):
            raise _unknown(
                f"{ref!r} cannot be the name of a revision", "give a branch, tag or commit"
            )
        if _SHA.fullmatch(ref.lower()):
            self._fetch(ref.lower())
            return ref.lower()
        refs = self._list_refs()
        named = [name for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}") if name in refs]
        commits = {refs[name] for name in named}
        if len(commits) > 1:
            raise _unknown(f"{ref} is a branch and a tag", f"say which: {' or '.join(named)}")
        return commits.pop() if commits else self._resolve_short(ref, refs)

    def read(self, revision: str, path: str) -> str | None:
        """The text of a file at a full commit; None when the commit has no such file."""
        blob = self.find(revision, path).get(path)
        return self._ask("cat-file", "blob", blob) if blob else None

    def find(self, revision: str, *paths: str) -> dict[str, str]:
        """Those of `paths` that are files at a full commit, in that order, each with its blob."""
        self._fetch(revision)
        listed = self._ask("--literal-pathspecs", "ls-tree", "-z", revision, "--", *paths)
        rows = [row.partition("\t") for row in listed.split("\0") if row]
        blobs = {path: about.split()[2] for about, _, path in rows if about.split()[1] == "blob"}
        return {path: blobs[path] for path in paths if path in blobs}

    def commits(self, old: str, new: str) -> tuple[Commit, ...]:
        """The commits that `new` has and `old` has not, newest first, 1000 at most."""
        self._fetch(old)
        self._fetch(new)
        layout = "--format=%H%n%an%n%aI%n%s"
        text = self._ask("log", "-z", "--max-count=1000", layout, f"{old}..{new}", "--")
        return tuple(Commit(*record.split("\n", 3)) for record in text.split("\0") if record)

    def contains(self, old: str, new: str) -> bool:
        """Whether `new` is `old` or has it among its ancestors."""
        self._fetch(old)
        self._fetch(new)
        said = self._run("merge-base", "--is-ancestor", old, new)
        if said.code > 1:
            raise self._fault(said)
        return said.code == 0

    def default_branch(self) -> str:
        """The branch that the remote's HEAD is (git-ls-remote(1), --symref); else `main`."""
        self.cache.mkdir(parents=True, exist_ok=True)
        said = self._run("ls-remote", "--symref", "--", self.url, "HEAD", inside=False)
        if said.code:
            raise self._fault(said)
        named = re.match(r"ref: refs/heads/(\S+)\tHEAD", said.output)
        return named[1] if named else "main"

    @property
    def _mirror(self) -> Path:
        return self.cache / hashlib.sha256(self.url.encode()).hexdigest()

    def _list_refs(self) -> dict[str, str]:
        """Each branch and tag of the remote with its commit; annotated tags are peeled."""
        self.cache.mkdir(parents=True, exist_ok=True)
        said = self._run("ls-remote", "--heads", "--tags", "--", self.url, inside=False)
        if said.code:
            raise self._fault(said)
        rows = [line.partition("\t") for line in said.output.splitlines()]
        plain = {name: sha for sha, _, name in rows if not name.endswith("^{}")}
        return plain | {
            name.removesuffix("^{}"): sha for sha, _, name in rows if name.endswith("^{}")
        }

    def _resolve_short(self, ref: str, refs: dict[str, str]) -> str:
        if _SHORT.fullmatch(ref.lower()) and self._mirror.exists():
            found = self._run("rev-parse", f"--disambiguate={ref.lower()}").output.split()
            commits = [sha for sha in found if self._has(sha)]
            if len(commits) == 1:
                return commits[0]
            if commits:
                raise _unknown(
                    f"{ref} is the start of {len(commits)} commits", f"one of: {', '.join(commits)}"
                )
        names = [name.split("/", 2)[2] for name in refs]
        near = difflib.get_close_matches(ref, names, 3, 0.5) or names[:5]
        raise _unknown(
            f"{self._shown} has no branch or tag {ref}",
            f"there is: {', '.join(near)}; a commit is given with all its digits"
            if near
            else "push it first",
        )

    def _fetch(self, revision: str) -> None:
        """Bring a commit into the mirror, with what its server allows to leave out left out."""
        if not _SHA.fullmatch(revision):
            raise DeployError(f"not a full commit: {revision!r}", exit_code=ExitCode.USAGE)
        if self._has(revision):
            return
        with self._locked():
            self._make()
            for refs in (
                (f"{revision}:refs/deploy/{revision}",),
                ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"),
            ):
                said = self._run(
                    "fetch", "--quiet", "--no-tags", "--filter=blob:none", "origin", *refs
                )
                if self._has(revision):
                    return
        if said.code:
            raise self._fault(said)
        raise _unknown(f"{self._shown} has no commit {revision}", "push it, then try again")

    def _has(self, revision: str) -> bool:
        """The commit is in the mirror and a ref leads to it, so that its history is whole."""
        wanted = ("for-each-ref", "--count=1", f"--contains={revision}")
        if revision not in self._whole and self._mirror.exists() and self._run(*wanted).output:
            self._whole.add(revision)
        return revision in self._whole

    def _make(self) -> None:
        self._run("init", "--quiet", "--bare", "--", str(self._mirror), inside=False)
        self._ask("config", "remote.origin.url", self.url)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time writes this mirror; the lock goes with its process."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with self._mirror.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ask(self, *arguments: str) -> str:
        said = self._run(*arguments)
        if said.code:
            raise self._fault(said)
        return said.output

    def _run(self, *arguments: str, inside: bool = True) -> Said:
        """Run git; `inside` the mirror, or beside it. Raises DeployError when it takes too long."""
        place = [f"--git-dir={self._mirror}"] if inside else []
        directory = self._mirror if inside else self.cache
        return run_git([*place, *arguments], directory, ssh_config=self.ssh_config)

    @property
    def _shown(self) -> str:
        return _mask(self.url)

    def _fault(self, said: Said) -> DeployError:
        lines = tuple(_mask(said.error).strip().splitlines())
        return DeployError(
            f"git cannot read {self._shown}: {lines[0] if lines else f'it ended with {said.code}'}",
            hint=next_action(said.error, self._shown),
            details=lines,
        )


def _mask(text: str) -> str:
    return _CREDENTIALS.sub("://***@", text)


def _unknown(message: str, hint: str) -> DeployError:
    return DeployError(message, hint=hint, exit_code=ExitCode.USAGE)
