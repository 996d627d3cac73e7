"""Real git repositories for tests: an origin that gets commits, and an app that deploys them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.shell import call
from tests.remote.harness import Line, Ran, Shell, step


@dataclass(frozen=True, slots=True)
class Tree:
    """A working tree and the environment its git runs in."""

    path: Path
    environment: dict[str, str]

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], subject: str = "change") -> str:
        """Write `files` (None removes one), commit, and return the commit."""
        for name, text in files.items():
            file = self.path / name
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


def make_origin(path: Path, environment: dict[str, str]) -> Tree:
    """An empty repository on the branch main."""
    path.mkdir(parents=True)
    origin = Tree(path, environment)
    origin.git("init", "-q")
    return origin


@dataclass(frozen=True, slots=True)
class App:
    """One app on one host: the steps of a deploy with its paths filled in."""

    shell: Shell
    tree: Tree
    origin: Tree

    @property
    def path(self) -> Path:
        return self.tree.path

    @property
    def state(self) -> Path:
        return self.path / ".deploy"

    def prepared(self, revision: str) -> Path:
        return self.state / "prepared" / revision

    def fetch(self, revision: str, *, branch: str = "main", seconds: int = 30) -> list[Line]:
        url = str(self.origin.path)
        return [
            step("ensure_tree", str(self.path), url),
            step("fetch_commit", str(self.path), url, revision, branch, seconds),
        ]

    def check(self, revision: str, force: str = "no") -> Line:
        return step("check_tree", str(self.path), revision, force)

    def prepare(self, revision: str) -> Line:
        return step("prepare_tree", str(self.path), str(self.prepared(revision)), revision)

    def checkout(self, revision: str, force: str = "no") -> Line:
        undo = call("restore_tree", str(self.path))
        return step("checkout_tree", str(self.path), revision, force, undo=undo)

    def swap(self, revision: str) -> Line:
        arguments = (str(self.path), str(self.prepared(revision)), str(self.state / "deps"))
        return step("swap_outputs", *arguments, undo=call("restore_outputs", *arguments))

    def build(self, revision: str, command: str, seconds: int = 30) -> Line:
        return step("run_build", str(self.prepared(revision)), command, seconds)

    def node(self, revision: str, mode: str = "auto", flags: str = "", inputs: str = "") -> Line:
        paths = (str(self.path), str(self.prepared(revision)), str(self.state / "deps"))
        return step("install_node", *paths, 60, mode, flags, inputs)

    def deploy(self, revision: str, *between: Line, force: str = "no") -> Ran:
        """A whole deploy with `between` run in the prepared tree; it must succeed and is proved."""
        ran = self.shell.run(
            *self.fetch(revision),
            self.check(revision, force),
            self.prepare(revision),
            *between,
            self.checkout(revision, force),
            self.swap(revision),
        )
        assert ran.code == 0, (ran.refusal, ran.log)
        (self.state / "proved").write_text(f"revision={revision}\n")
        return ran

    def files(self, *roots: str) -> dict[str, str]:
        """Every file and link of the live tree, or of `roots` in it, with its content."""
        places = [self.path / root for root in roots] or [self.path]
        found = {}
        for place in places:
            for file in sorted(place.rglob("*")):
                name = str(file.relative_to(self.path))
                if file.is_symlink():
                    found[name] = f"-> {file.readlink()}"
                elif file.is_file() and not name.startswith((".git/", ".deploy/")):
                    found[name] = file.read_text(errors="replace")
        return found
